// `<cesou-results>`: all results of a search with facets, in the page that holds it. What is asked
// stands in the page's address, under names of its own (`q`, `q.province`, `q.page`), so that back,
// forward and bookmarks work.

import { Base } from "./base.js";
import { fill, h, set } from "./dom.js";
import css from "./results.css";

/** @typedef {import("./client.js").Answer} Answer */
/** @typedef {import("./client.js").FacetValue} FacetValue */
/** @typedef {import("./client.js").Hit} Hit */

/** Values of a facet that are shown before one asks for more. */
const SHOWN = 8;

/** The list of results. */
export class CesouResults extends Base {
  #button = h("button", { type: "submit", part: "button" });
  #form = h("form", { part: "form", role: "search" }, this.box, this.#button);
  #toggle = h("button", { type: "button", part: "toggle" });
  #facets = h("div", { id: "facets", part: "facets", role: "group" });
  #list = h("ol", { part: "list" });
  #pages = h("nav", { part: "pages" });

  /** @type {Record<string, string[]>} */
  #filters = {};
  #page = 1;
  /** Facets of which all values are shown. @type {Set<string>} */
  #whole = new Set();
  constructor() {
    super(css);
  }

  /** @override */
  build() {
    this.status.tabIndex = -1;
    this.input.addEventListener("keydown", (event) => {
      // Or the form would take an Enter that belongs to the input method for its own.
      if (event.key === "Enter" && this.typing.owns(event)) event.preventDefault();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.search(this.value.trim());
    });
    this.#toggle.addEventListener("click", () => {
      const open = this.#facets.classList.toggle("open");
      this.#toggle.setAttribute("aria-expanded", String(open));
    });
    set(this.#toggle, { "aria-expanded": "false", "aria-controls": "facets" });
    this.#form.hidden = this.hasAttribute("no-box");
    this.root.append(
      this.#form,
      h(
        "div",
        { part: "columns" },
        h("div", { part: "side" }, this.#toggle, this.#facets),
        h("div", { part: "main" }, this.status, this.notes, this.message, this.#list, this.#pages),
      ),
    );
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    addEventListener("popstate", this.#arrive);
    document.addEventListener("cesou-submit", this.#taken);
    this.#arrive();
  }

  /** @override */
  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("popstate", this.#arrive);
    document.removeEventListener("cesou-submit", this.#taken);
  }

  /** @override */
  refresh() {
    super.refresh();
    this.#button.textContent = this.words.search;
    this.#facets.setAttribute("aria-label", this.words.filters);
    this.#pages.setAttribute("aria-label", this.words.pages);
    this.#list.setAttribute("aria-label", this.words.results);
    this.render();
  }

  /** @override @param {string} text */
  typed(text) {
    this.#page = 1;
    this.#find(text, "replaceState");
  }

  /**
   * Asks at once, from the first page on.
   *
   * @param {string} text
   */
  search(text) {
    this.#page = 1;
    return this.#find(text, "pushState");
  }

  /** The name of the query in the page's address; empty where the address is left alone. */
  get #name() {
    return this.getAttribute("param") ?? "q";
  }

  /** The facets to choose from: those that the page has not fixed. */
  get #fields() {
    const fixed = this.fixed;
    return (this.getAttribute("facets") ?? "province,theme")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name && !fixed.has(name));
  }

  /** Takes up what the page's address says. */
  #arrive = () => {
    const name = this.#name;
    const given = new URLSearchParams(name && location.search);
    this.#filters = {};
    for (const field of this.#fields) {
      const values = given.getAll(`${name}.${field}`);
      if (values.length) this.#filters[field] = values;
    }
    this.#page = Math.max(1, parseInt(given.get(`${name}.page`) ?? "", 10) || 1);
    const text = name ? (given.get(name) ?? "").trim() : this.value;
    this.input.value = text;
    this.clear.hidden = !text;
    this.#find(text);
  };

  /** A search box of the page sends its query here. @param {Event} event */
  #taken = (event) => {
    const { query } = /** @type {CustomEvent<{ query: string }>} */ (event).detail;
    const box = event.target;
    if (event.defaultPrevented || (box instanceof Element && box.hasAttribute("results-url"))) return;
    event.preventDefault();
    this.#filters = {};
    this.search(query).then(() => this.status.focus());
  };

  /**
   * Asks for what is chosen.
   *
   * @param {string} text
   * @param {"pushState" | "replaceState"} [keep] how the page's address takes it up
   */
  async #find(text, keep) {
    if (keep) this.#keep(text, keep);
    if (text || this.hasAttribute("browse") || Object.keys(this.#filters).length) {
      const more = { page: this.#page, facets: this.#fields.join() };
      await this.ask(text, 10, more, this.#filters);
    } else {
      this.forget();
      this.render();
    }
  }

  /**
   * @param {string} text
   * @param {"pushState" | "replaceState"} how
   */
  #keep(text, how) {
    const name = this.#name;
    if (!name) return;
    const url = new URL(location.href);
    const own = [...url.searchParams.keys()].filter((key) => key === name || key.startsWith(`${name}.`));
    own.forEach((key) => url.searchParams.delete(key));
    if (text) url.searchParams.set(name, text);
    for (const [field, values] of Object.entries(this.#filters))
      for (const value of values) url.searchParams.append(`${name}.${field}`, value);
    if (this.#page > 1) url.searchParams.set(`${name}.page`, String(this.#page));
    if (url.href !== location.href) history[how](history.state, "", url);
  }

  /** @override */
  render() {
    const words = this.words;
    const answer = this.answer;
    const focused = this.shadowRoot?.activeElement?.id;
    const failure = this.failure;
    const total = answer?.total ?? 0;
    this.status.textContent = failure ? words.failed[failure.kind] : answer ? words.count(total) : "";
    this.annotate();
    fill(this.message, this.#aside());
    fill(this.#list, answer?.hits.map((hit) => this.#item(hit)) ?? []);
    this.#list.start = answer ? (answer.page - 1) * answer.per_page + 1 : 1;
    this.#renderFacets(answer?.facets ?? {});
    fill(this.#pages, answer ? this.#pager(answer) : []);
    this.#list.hidden = !total;
    for (const part of [this.message, this.#pages]) part.hidden = !part.firstChild;
    if (focused) this.shadowRoot?.getElementById(focused)?.focus();
  }

  /** What is offered where there is little to show. */
  #aside() {
    const words = this.words;
    const meant = this.answer?.query.did_you_mean;
    if (this.failure) return [this.#act("retry", words.retry, () => this.#find(this.asked))];
    return [
      meant && this.#act("meant", words.meant(meant), () => this.search(meant)),
      this.answer &&
        !this.answer.total &&
        h("p", {}, this.asked ? words.none(this.asked) : words.nothing, " · ", words.hint),
    ];
  }

  /**
   * @param {string} id
   * @param {string} text
   * @param {() => void} act
   */
  #act(id, text, act) {
    const button = h("button", { id, type: "button", part: id.replace(/-.*/, "") }, text);
    button.addEventListener("click", act);
    return button;
  }

  /** @param {Hit} hit */
  #item(hit) {
    const { heading, origin, snippet } = this.partsOf(hit);
    const to = this.linkTo(hit, this.asked, "link", ...heading);
    const missing = hit.missing_words ?? [];
    // Only the page knows which level would be in order.
    const level = this.getAttribute("heading-level");
    return h(
      "li",
      { part: "item" },
      h("p", { part: "heading", role: level && "heading", "aria-level": level }, to),
      h("p", { part: "origin" }, ...origin),
      h("p", { part: "snippet" }, ...snippet),
      h(
        "p",
        { part: "tags" },
        ...hit.themes.map(({ label }) => h("span", { part: "tag" }, label)),
        missing.length > 0 &&
          h("span", { part: "missing" }, this.words.missing, ...missing.map((word) => h("s", {}, word))),
      ),
    );
  }

  /** @param {Record<string, FacetValue[]>} facets */
  #renderFacets(facets) {
    const words = this.words;
    const chosen = Object.values(this.#filters).flat().length;
    const groups = this.#fields
      .filter((field) => facets[field]?.length)
      .map((field) => this.#facet(field, facets[field] ?? []));
    fill(this.#facets, [
      ...groups,
      chosen > 0 &&
        this.#act("reset", words.reset, () => {
          this.#filters = {};
          this.search(this.asked);
        }),
    ]);
    fill(this.#toggle, [words.filters, chosen > 0 && h("b", {}, chosen)]);
    this.root.classList.toggle("faceted", groups.length > 0);
  }

  /**
   * @param {string} field
   * @param {FacetValue[]} values
   */
  #facet(field, values) {
    const whole = this.#whole.has(field) || values.length <= SHOWN + 1;
    const shown = values.filter((value, at) => whole || at < SHOWN || value.selected);
    return h(
      "fieldset",
      { part: "facet" },
      h("legend", {}, this.words.fields[field] ?? field[0]?.toUpperCase() + field.slice(1)),
      ...shown.map(({ value, label, count, selected }) => {
        const box = h("input", { id: `${field}-${value}`, type: "checkbox", checked: selected });
        box.addEventListener("change", () => {
          const others = (this.#filters[field] ?? []).filter((other) => other !== value);
          if (box.checked) others.push(value);
          if (others.length) this.#filters[field] = others;
          else delete this.#filters[field];
          this.search(this.asked);
        });
        const name = this.words.values[value] ?? label;
        return h("label", { part: "value" }, box, h("span", {}, name), h("data", {}, count));
      }),
      !whole &&
        this.#act(`more-${field}`, this.words.more, () => {
          this.#whole.add(field);
          this.render();
        }),
    );
  }

  /** @param {Answer} answer */
  #pager({ page, per_page, total }) {
    const of = Math.ceil(total / per_page);
    if (of < 2) return [];
    /** @param {number} to */
    const turn = (to) => () => {
      this.#page = to;
      this.#find(this.asked, "pushState").then(() => {
        this.status.focus();
        this.status.scrollIntoView({ block: "nearest" });
      });
    };
    const words = this.words;
    const back = this.#act("page-back", words.previous, turn(page - 1));
    const on = this.#act("page-on", words.next, turn(page + 1));
    back.disabled = page <= 1;
    on.disabled = page >= of;
    return [back, h("span", {}, words.page(page, of)), on];
  }
}
