// Builds elements and text without ever reading markup, so that nothing a report says can become
// an element, an attribute or a script, and so that no policy of the page is in the way.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with these attributes and children; text stays text.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 *   `true` sets an empty one; `false`, `null` and `undefined` set none; a part is a class as well
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  if (attributes["part"]) element.className = String(attributes["part"]);
  fill(element, children);
  return element;
}

/**
 * Sets attributes, or takes them away.
 *
 * @param {Element} element
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * Replaces what is in an element.
 *
 * @param {Element} element
 * @param {Child[]} children
 */
export function fill(element, children) {
  element.replaceChildren(
    .../** @type {(Node | string)[]} */ (
      children
        .filter((child) => child || child === 0)
        .map((child) => (typeof child === "number" ? String(child) : child))
    ),
  );
}

/**
 * A line drawing of 24 by 24, in the colour of the text around it.
 *
 * @param {string} path
 */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "path");
  set(drawing, { viewBox: "0 0 24 24", "aria-hidden": "true" });
  set(line, { d: path });
  drawing.append(line);
  return drawing;
}

/** @type {Record<string, string>} */
const CHARACTERS = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/**
 * The nodes of a text in which the service marked what matched. Only `<mark>` counts; everything
 * else, whatever it looks like, is text.
 *
 * @param {string} html escaped, with `<mark>` as the only element
 * @returns {(string | HTMLElement)[]}
 */
export function marked(html) {
  return html.split(/<mark>(.*?)<\/mark>/s).map((piece, at) => {
    const text = piece.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => CHARACTERS[name] ?? "");
    return at % 2 ? h("mark", { part: "mark" }, text) : text;
  });
}

/**
 * An address if it is one that a link may lead to, else none: no `javascript:`, no `data:`.
 *
 * @param {string} address
 */
export function link(address) {
  try {
    const url = new URL(address, document.baseURI);
    return /^https?:$/.test(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}
