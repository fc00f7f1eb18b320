// `<cesou-search>`: a box with results as you type, after the ARIA pattern of a combobox. The
// focus never leaves the box; the option that arrows have come to is its active descendant.

import { Base } from "./base.js";
import { fill, h, link, set } from "./dom.js";
import css from "./search.css";

/** @typedef {import("./client.js").Answer} Answer */
/** @typedef {import("./client.js").Hit} Hit */

const MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** The search box. */
export class CesouSearch extends Base {
  #hint = h("kbd", { part: "shortcut", "aria-hidden": "true" });
  #list = h("div", { id: "list", part: "list", role: "listbox", tabindex: -1 });
  #panel = h("div", { part: "panel", hidden: true });
  /** @type {HTMLElement[]} */
  #options = [];
  #active = -1;
  constructor() {
    super(css);
  }

  /** @override */
  build() {
    set(this.input, {
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-controls": "list",
      "aria-expanded": "false",
    });
    this.box.insertBefore(this.#hint, this.clear);
    this.#panel.append(this.notes, this.#list, this.message);
    this.root.append(this.box, this.#panel, this.status);

    this.input.addEventListener("keydown", (event) => this.#pressed(event));
    this.input.addEventListener("focus", () => this.#show());
    // A press on the panel must not take the focus from the box.
    this.#panel.addEventListener("mousedown", (event) => event.preventDefault());
    this.#panel.addEventListener("mousemove", (event) => {
      const at = this.#options.findIndex((option) => event.composedPath().includes(option));
      if (at >= 0 && at !== this.#active) this.#activate(at);
    });
    this.root.addEventListener("focusout", (event) => {
      const to = /** @type {FocusEvent} */ (event).relatedTarget;
      if (!(to instanceof Node && this.root.contains(to))) this.close();
    });
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("keydown", this.#shortcut);
  }

  /** @override */
  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#shortcut);
  }

  /** @override */
  refresh() {
    super.refresh();
    const { mod, key } = this.#keys();
    this.#hint.textContent = key && (mod ? (MAC ? "⌘" : "Ctrl ") : "") + key.toUpperCase();
    this.#hint.hidden = !key;
    set(this.input, { "aria-keyshortcuts": key && (mod ? (MAC ? "Meta+" : "Control+") : "") + key });
    this.#list.setAttribute("aria-label", this.words.results);
    this.render();
  }

  /** The text in the box is settled. @override */
  changed() {
    super.changed();
    if (this.value.trim()) return this.#show();
    this.forget();
    this.render();
  }

  /** @override @param {string} text */
  typed(text) {
    this.search(text);
  }

  /**
   * Asks at once.
   *
   * @param {string} text
   */
  async search(text) {
    await this.ask(text, 6, { facets: "" });
    this.#show();
  }

  /** Puts the panel away. */
  close() {
    this.#panel.hidden = true;
    this.#activate(-1);
    set(this.input, { "aria-expanded": "false" });
  }

  #show() {
    if (!(this.answer || this.failure) || this.shadowRoot?.activeElement !== this.input) return;
    const { left, right } = this.box.getBoundingClientRect();
    this.#panel.classList.toggle("right", left > innerWidth - right);
    this.#panel.hidden = false;
    set(this.input, { "aria-expanded": String(this.#options.length > 0) });
  }

  /** @override */
  render() {
    const words = this.words;
    const { answer, failure } = this;
    this.#options = [];
    this.#activate(-1);
    this.annotate();
    if (answer) this.#offer(answer);
    fill(this.#list, this.#options);
    this.#list.hidden = !this.#options.length;
    const retry = h("button", { type: "button", part: "retry" }, words.retry);
    retry.addEventListener("click", () => {
      this.input.focus();
      this.search(this.asked);
    });
    const said = failure
      ? words.failed[failure.kind]
      : answer && !answer.total && words.none(this.asked);
    fill(this.message, said ? [h("p", {}, said), failure ? retry : h("p", {}, words.hint)] : []);
    this.message.hidden = !said;
    this.status.textContent =
      said || (answer ? words.count(answer.total) + words.choose(answer.hits.length) : "");
    if (!answer && !failure) this.close();
  }

  /** @param {Answer} answer */
  #offer(answer) {
    const words = this.words;
    const text = this.asked;
    const meant = answer.query.did_you_mean;
    if (meant) {
      this.#option(h("div", { part: "meant" }, words.meant(meant)), () => this.search(meant));
    }
    for (const hit of answer.hits) {
      const { heading, origin, snippet } = this.partsOf(hit);
      this.#option(
        this.linkTo(
          hit,
          text,
          null,
          h("span", { part: "heading" }, ...heading),
          h("span", { part: "origin" }, ...origin),
          h("span", { part: "snippet" }, ...snippet),
        ),
      );
    }
    if (answer.total > answer.hits.length) {
      const href = this.#resultsAt(text);
      this.#option(h("a", { part: "all", href }, words.all(answer.total)), (event) => {
        event.preventDefault();
        this.#submit(text);
      });
    }
  }

  /**
   * @param {HTMLElement} element
   * @param {(event: Event) => void} [choose]
   */
  #option(element, choose) {
    const id = `option-${this.#options.length}`;
    set(element, { id, role: "option", "aria-selected": "false", tabindex: -1 });
    element.part.add("option");
    if (choose) element.addEventListener("click", choose);
    this.#options.push(element);
  }

  /** @param {number} at -1 for the box itself */
  #activate(at) {
    const before = this.#options[this.#active];
    const now = this.#options[at];
    this.#active = now ? at : -1;
    if (before) {
      set(before, { "aria-selected": "false" });
      before.part.remove("active");
    }
    if (now) {
      set(now, { "aria-selected": "true" });
      now.part.add("active");
    }
    set(this.input, { "aria-activedescendant": now?.id });
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (this.typing.owns(event)) return;
    const open = !this.#panel.hidden;
    const active = this.#options[this.#active];
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
        if (!open) this.#show();
        // The box itself is one of the places that the arrows come by.
        const places = this.#options.length + 1;
        const step = event.key === "ArrowDown" ? 1 : places - 1;
        this.#activate(((this.#active + 1 + step) % places) - 1);
        this.#options[this.#active]?.scrollIntoView({ block: "nearest" });
        break;
      }
      case "Enter":
        if (!active) this.#submit(this.value.trim());
        else if (active instanceof HTMLAnchorElement && (event.ctrlKey || event.metaKey)) {
          if (active.dispatchEvent(new Event("open", { cancelable: true })))
            this.open(active.href, "_blank");
        } else active.click();
        break;
      case "Escape":
        if (open) this.close();
        else if (this.value) this.write("");
        else return;
        // It is spent: a dialog around stays open.
        event.stopPropagation();
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  /** @param {string} text */
  #submit(text) {
    if (!text) return;
    this.settle();
    const url = this.#resultsAt(text);
    this.close();
    if (this.tell("cesou-submit", { query: text, url })) this.open(url);
  }

  /**
   * Where all results are shown.
   *
   * @param {string} text
   */
  #resultsAt(text) {
    const told = this.getAttribute("results-url");
    if (told?.includes("{query}")) return link(told.replace("{query}", encodeURIComponent(text)));
    const page = told ? new URL(told, document.baseURI) : this.endpoint;
    if (!told) page.search = String(this.fixed);
    page.searchParams.set("q", text);
    return link(page.href);
  }

  /** The shortcut, taken apart: `mod+k` is Ctrl K, and ⌘K on a Mac; `/` is the bare key. */
  #keys() {
    const told = (this.getAttribute("shortcut") ?? "mod+k").toLowerCase();
    return { mod: told.startsWith("mod+"), key: told.replace(/^mod\+/, "") };
  }

  /** @param {KeyboardEvent} event */
  #shortcut = (event) => {
    const { mod, key } = this.#keys();
    const held = MAC ? event.metaKey : event.ctrlKey;
    if (!key || event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (event.key.toLowerCase() !== key || held !== mod || event.altKey) return;
    const at = event.composedPath()[0];
    const writes = at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
    if (writes && !(mod && at.tagName === "INPUT")) return;
    event.preventDefault();
    this.input.focus();
    this.input.select();
  };
}
