// Suggestions under the box, after the ARIA pattern of a combobox. The focus never leaves the box;
// the option that arrows have come to is its active descendant. Nothing is asked while an input
// method composes, and its keys are its own (`../src/typing.js`).
//
// Suggestions are a help, not the search: where they are slow or fail, nothing is said of it.

import { fill, h, marked, set } from "../src/dom.js";
import { Typing } from "../src/typing.js";

/**
 * @typedef {object} Suggestion
 * @property {string} text
 * @property {string} html
 * @property {"region" | "theme" | "phrase" | "heading"} kind
 * @property {number | null} count
 * @property {{ field: string, value: string } | null} filter
 * @property {string[]} parents
 */
/** @typedef {{ element: HTMLElement, choose: () => void }} Option */

/** How long to wait for more typing, in milliseconds. */
const DEBOUNCE = 120;
const MOST = 8;

/**
 * @param {HTMLInputElement} input
 * @param {HTMLFormElement} form
 */
export function suggestions(input, form) {
  const words = form.dataset;
  const list = h("div", { id: "suggestions", role: "listbox", "aria-label": words["label"] });
  const panel = h("div", { class: "suggestions", hidden: true }, list);
  const status = h("p", { class: "hidden", role: "status" });
  form.append(panel, status);
  set(input, {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": "suggestions",
    "aria-expanded": "false",
  });

  /** @type {Option[]} */
  let options = [];
  let active = -1;
  /** What the options shown are for; what was typed, while arrows go through them. */
  let typed = input.value;
  /** @type {string | undefined} */
  let asked = input.value.trim();
  /** @type {AbortController | undefined} */
  let underWay;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {number} at -1 for the box itself */
  const activate = (at) => {
    const before = options[active]?.element;
    if (before) set(before, { "aria-selected": "false" });
    const now = options[at]?.element;
    active = now ? at : -1;
    if (now) set(now, { "aria-selected": "true" });
    set(input, { "aria-activedescendant": now?.id });
    now?.scrollIntoView({ block: "nearest" });
  };
  const close = () => {
    panel.hidden = true;
    activate(-1);
    set(input, { "aria-expanded": "false" });
  };
  const open = () => {
    if (!options.length || document.activeElement !== input) return;
    panel.hidden = false;
    set(input, { "aria-expanded": "true" });
  };
  const forget = () => {
    clearTimeout(timer);
    underWay?.abort();
  };

  /** @param {Suggestion} suggestion */
  const choose = ({ text, count, filter }) => {
    close();
    forget();
    // A region or theme by itself is what reports can be narrowed to.
    if (filter && count !== null) {
      const asks = new URLSearchParams(/** @type {any} */ (new FormData(form)));
      asks.delete("q");
      if (!asks.getAll(filter.field).includes(filter.value)) asks.append(filter.field, filter.value);
      location.assign(`${new URL(form.action).pathname}?${asks}`);
      return;
    }
    input.value = asked = typed = text;
    form.requestSubmit();
  };

  /** @param {Suggestion[]} suggestions */
  const show = (suggestions) => {
    options = suggestions.map((suggestion, at) => {
      const place = suggestion.parents.join("");
      const about = [words[suggestion.kind], place, suggestion.count].filter(Boolean).join(" · ");
      const element = h(
        "div",
        { id: `suggestion-${at}`, role: "option", "aria-selected": "false" },
        h("span", { class: "text", lang: "zh-CN" }, ...marked(suggestion.html)),
        h("small", {}, about),
      );
      element.addEventListener("click", () => choose(suggestion));
      return { element, choose: () => choose(suggestion) };
    });
    active = -1;
    set(input, { "aria-activedescendant": null });
    fill(list, options.map(({ element }) => element));
    if (!options.length) return close();
    const said = words["count"]?.split("|") ?? [""];
    const form = said[options.length === 1 ? 0 : said.length - 1] ?? "";
    status.textContent = form.replace("{n}", String(options.length));
    open();
  };

  /** @param {string} text */
  const ask = async (text) => {
    forget();
    asked = text;
    const mine = (underWay = new AbortController());
    try {
      const question = new URLSearchParams({ q: text, limit: String(MOST) });
      const answer = await fetch(`/api/v1/suggest?${question}`, { signal: mine.signal });
      if (!answer.ok) return close();
      const body = await answer.json();
      if (mine === underWay) show(body.suggestions);
    } catch {
      // Superseded, or not to be had.
      if (mine === underWay) close();
    }
  };

  const typing = new Typing(
    input,
    () => {
      clearTimeout(timer);
      const text = input.value.trim();
      if (text === asked) return;
      if (!text) {
        forget();
        asked = undefined;
        options = [];
        return close();
      }
      timer = setTimeout(() => ask(text), DEBOUNCE);
    },
    () => clearTimeout(timer),
  );

  input.addEventListener("keydown", (event) => {
    if (typing.owns(event)) {
      // What a browser itself does on such a key, it leaves: sending the form on Safari's Enter
      // that ended a composition, emptying the box on Escape.
      if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing)) event.preventDefault();
      return;
    }
    const bare = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        if (!bare) return;
        if (panel.hidden) {
          if (!options.length) ask(input.value.trim());
          else open();
        }
        // The box itself is one of the places that the arrows come by.
        const places = options.length + 1;
        const step = event.key === "ArrowDown" ? 1 : places - 1;
        activate(((active + 1 + step) % places) - 1);
        break;
      }
      case "Enter": {
        const chosen = panel.hidden ? undefined : options[active];
        forget();
        if (!chosen) return close();
        chosen.choose();
        break;
      }
      case "Escape":
        if (panel.hidden) return;
        close();
        break;
      case "Tab":
        return close();
      default:
        return;
    }
    event.preventDefault();
  });
  input.addEventListener("focus", () => {
    if (input.value.trim() === asked) open();
  });
  // A press on the panel must not take the focus from the box.
  panel.addEventListener("mousedown", (event) => event.preventDefault());
  panel.addEventListener("mousemove", (event) => {
    const at = options.findIndex(({ element }) => event.composedPath().includes(element));
    if (at >= 0 && at !== active) activate(at);
  });
  form.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && form.contains(event.relatedTarget))) close();
  });
  form.addEventListener("submit", () => {
    forget();
    close();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) close();
  });
}
