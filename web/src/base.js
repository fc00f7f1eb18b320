// What the two elements share: how their attributes are read, and how a hit is shown.

import base from "./base.css";
import { Client, Failure } from "./client.js";
import { fill, h, icon, link, marked } from "./dom.js";
import { report } from "./events.js";
import { Typing } from "./typing.js";
import { words } from "./words.js";

/** @typedef {import("./client.js").Answer} Answer */
/** @typedef {import("./client.js").Hit} Hit */

/** After so many milliseconds it is shown, then said, that an answer takes its time. */
const NOTICED = 400;
const LONG = 4000;

const GLASS = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20";
const CROSS = "M7 7l10 10M17 7 7 17";

/** Sheets made once for all elements of a page. @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/** @param {string} css */
function sheet(css) {
  let made = sheets.get(css);
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(css);
    sheets.set(css, made);
  }
  return made;
}

/** An element that asks the service. */
export class Base extends HTMLElement {
  static observedAttributes = ["placeholder", "label", "lang", "shortcut"];

  #built = false;
  #client = new Client();
  /** @type {ReturnType<typeof setTimeout>[]} */
  #patience = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** What was asked last. */
  asked = "";
  /** What came back, or why nothing did. @type {Answer | undefined} */
  answer;
  /** @type {Failure | undefined} */
  failure;
  /** Everything in the shadow stands in it, out of reach of what the page inherits to it. */
  root = h("div", { part: "root" });
  input = h("input", {
    part: "input",
    type: "text",
    enterkeyhint: "search",
    autocomplete: "off",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
  });
  clear = h("button", { part: "clear", type: "button", hidden: true }, icon(CROSS));
  box = h("div", { part: "box" }, icon(GLASS), this.input, this.clear);
  status = h("p", { part: "status", role: "status" });
  notes = h("p", { part: "notes" });
  message = h("div", { part: "message" });
  typing = new Typing(
    this.input,
    () => this.changed(),
    () => clearTimeout(this.#timer),
  );

  /** @param {string} css */
  constructor(css) {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet(base), sheet(css)];
    this.clear.addEventListener("click", () => {
      this.write("");
      this.input.focus();
    });
  }

  connectedCallback() {
    if (!this.#built) {
      this.#built = true;
      this.build();
      this.shadowRoot?.append(this.root);
      this.attributeChangedCallback();
    }
  }

  disconnectedCallback() {
    this.forget();
  }

  attributeChangedCallback() {
    if (this.#built) this.refresh();
  }

  /** Puts the parts together, once. */
  build() {}

  /** Shows what attributes say, again. */
  refresh() {
    const words = this.words;
    const label = this.getAttribute("label") ?? words.label;
    this.root.lang = words.label === "搜索报告" ? "zh" : "en";
    this.input.placeholder = this.getAttribute("placeholder") ?? words.label;
    this.input.setAttribute("aria-label", label);
    this.clear.setAttribute("aria-label", words.clear);
  }

  /** Shows the answer, the failure, or that nothing is asked. */
  render() {}

  /** The text in the box is settled: asked about when nothing more is typed for a while. */
  changed() {
    clearTimeout(this.#timer);
    this.clear.hidden = !this.value;
    const text = this.value.trim();
    if (text !== this.asked) this.#timer = setTimeout(() => this.typed(text), this.debounce);
  }

  /**
   * Asks about what was typed.
   *
   * @param {string} _text
   */
  typed(_text) {}

  /** Nothing is waited for any more. */
  settle() {
    clearTimeout(this.#timer);
    this.#patience.forEach(clearTimeout);
    this.root.classList.remove("waiting");
  }

  /** Nothing was asked. */
  forget() {
    this.settle();
    this.#client.cancel();
    this.asked = "";
    this.answer = this.failure = undefined;
  }

  /**
   * Asks, tells the page what came of it, and shows it.
   *
   * @param {string} text
   * @param {number} most hits, where the attribute `limit` says nothing else
   * @param {Record<string, string | number>} more
   * @param {Record<string, string[]>} [filters]
   */
  async ask(text, most, more, filters = {}) {
    this.settle();
    if (this.value.trim() !== text) this.input.value = text;
    this.clear.hidden = !text;
    this.asked = text;
    this.failure = undefined;
    this.#patience = [
      setTimeout(() => this.root.classList.add("waiting"), NOTICED),
      setTimeout(() => (this.status.textContent = this.words.slow), LONG),
    ];
    const question = this.fixed;
    if (!this.counted) question.set("analytics", "false");
    question.set("q", text);
    for (const [name, value] of Object.entries(more)) question.set(name, String(value));
    question.set("per_page", String(Math.min(this.number("limit", most) || most, 100)));
    for (const [field, values] of Object.entries(filters))
      for (const value of values) question.append(field, value);
    try {
      const answer = await this.#client.search(this.endpoint, question, this.getAttribute("key"));
      if (!answer) return;
      this.answer = answer;
      this.tell("cesou-results", { query: text, total: answer.total, hits: answer.hits });
    } catch (error) {
      this.answer = undefined;
      this.failure = error instanceof Failure ? error : new Failure("broken");
      const { kind, status, message } = this.failure;
      this.tell("cesou-error", { query: text, kind, status, message });
    }
    this.settle();
    this.render();
  }

  /** What is in the box. */
  get value() {
    return this.input.value;
  }

  set value(text) {
    this.write(text);
  }

  /**
   * Puts a text into the box, as if it had been typed.
   *
   * @param {string} text
   */
  write(text) {
    this.input.value = text;
    this.changed();
  }

  /** @override */
  focus() {
    this.input.focus();
  }

  /** In the language of the attribute `lang`, here or on an element around, else of the page. */
  get words() {
    const lang = this.closest("[lang]")?.getAttribute("lang");
    return words(lang || document.documentElement.lang);
  }

  /** Where the service is: as told, or where this script came from. */
  get endpoint() {
    const told = this.getAttribute("endpoint");
    if (!told) return new URL("../../", import.meta.url);
    return new URL(told.replace(/\/*$/, "/"), document.baseURI);
  }

  /**
   * A whole number from an attribute, from 0 to 5000.
   *
   * @param {string} name
   * @param {number} otherwise
   */
  number(name, otherwise) {
    const told = this.getAttribute(name) ?? "";
    return /^\d+$/.test(told) ? Math.min(+told, 5000) : otherwise;
  }

  /** How long to wait for more typing, in milliseconds. */
  get debounce() {
    return this.number("debounce", 150);
  }

  /** Whether the service counts what is searched for and chosen. */
  get counted() {
    return this.getAttribute("analytics") !== "off";
  }

  /** The filters the page sets once and for all. */
  get fixed() {
    return new URLSearchParams(this.getAttribute("filter") ?? "");
  }

  /** Where links open; nothing where the page only listens to events. */
  get target() {
    const told = this.getAttribute("open-in");
    return told === "none" ? "" : told === "new" ? "_blank" : told === "top" ? "_top" : "_self";
  }

  /**
   * Tells the page; false where it said that it takes the matter into its own hands.
   *
   * @param {string} name
   * @param {object} detail
   */
  tell(name, detail) {
    return this.dispatchEvent(
      new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }

  /**
   * Where a hit is read.
   *
   * @param {Hit} hit
   * @param {string} query
   */
  addressOf(hit, query) {
    const template = this.getAttribute("link-template");
    if (!template) {
      const page = new URL(hit.url.replace(/^\//, ""), this.endpoint);
      page.search = String(new URLSearchParams({ q: query }));
      return page.href;
    }
    /** @type {Record<string, string | null>} */
    const known = { id: hit.id, report: hit.report.id, code: hit.region.code, query };
    return link(
      template.replace(/\{(\w+)\}/g, (whole, name) =>
        name in known ? encodeURIComponent(known[name] ?? "") : whole,
      ),
    );
  }

  /**
   * A link to a hit, followed by whatever opens it: a click, also of the middle button, a key.
   *
   * @param {Hit} hit
   * @param {string} query
   * @param {string | null} part
   * @param {import("./dom.js").Child[]} children
   */
  linkTo(hit, query, part, ...children) {
    const target = this.target;
    const to = h(
      "a",
      {
        href: this.addressOf(hit, query),
        target: target === "_self" ? null : target || null,
        rel: target === "_blank" ? "noopener" : null,
        part,
      },
      ...children,
    );
    for (const name of ["click", "auxclick", "open"])
      to.addEventListener(name, (event) => this.follow(event, hit, query));
    return to;
  }

  /**
   * Opens a link as the attribute `open-in` says.
   *
   * @param {string | undefined} url
   * @param {string} [target]
   */
  open(url, target = this.target) {
    if (url && target) window.open(url, target, target === "_blank" ? "noopener" : "");
  }

  /**
   * A link to a hit is opened: told to the service, and to the page, which may have it for itself.
   *
   * @param {Event} event
   * @param {Hit} hit
   * @param {string} query
   */
  follow(event, hit, query) {
    // Of the other buttons only the middle one opens a link.
    if (/** @type {MouseEvent} */ (event).button > 1) return;
    const url = this.addressOf(hit, query);
    const { page = 1, per_page = 0, hits = [] } = this.answer ?? {};
    const rank = (page - 1) * per_page + hits.indexOf(hit) + 1;
    if (this.counted && rank > 0)
      report(this.endpoint, this.getAttribute("key"), { type: "click", query, id: hit.id, rank });
    if (!this.tell("cesou-select", { hit, query, url }) || !this.target) event.preventDefault();
  }

  /**
   * Heading, origin and snippet of a hit, as nodes.
   *
   * @param {Hit} hit
   */
  partsOf(hit) {
    const { heading, title } = hit.highlights;
    return {
      heading: marked(heading ?? title),
      origin: [
        ...(hit.pinned ? [h("b", { part: "pinned" }, this.words.pinned), " "] : []),
        ...(heading ? marked(title) : [this.words.overview]),
      ],
      snippet: marked(hit.snippet.html),
    };
  }

  /** Says how the words were read otherwise than typed, and that not all of them need be there. */
  annotate() {
    const words = this.words;
    const { rewrites = [], relaxed = false } = this.answer?.query ?? {};
    /** @type {Map<string, string[]>} what was looked for, by what was typed and how it was read */
    const read = new Map();
    for (const { kind, from, to } of rewrites) {
      const how = (/^(pinyin|typo)$/.test(kind) ? "=" : "+") + from;
      read.set(how, [...(read.get(how) ?? []), words.quoted(to)]);
    }
    const notes = [...read].map(([how, to]) =>
      words[how[0] === "=" ? "read" : "also"](words.quoted(how.slice(1)), to.slice(0, 4).join(words.and)),
    );
    if (relaxed && this.answer?.total) notes.push(words.relaxed);
    fill(this.notes, notes.map((note) => h("span", {}, note)));
    this.notes.hidden = !notes.length;
  }
}
