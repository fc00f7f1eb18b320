// Which hit of a page is chosen, told to the service where it counts that.

import { report } from "../src/events.js";

/** Tells of each hit once. */
export function clicks() {
  const results = document.getElementById("results");
  const first = Number(results?.dataset["first"]);
  if (!results || !first) return;
  const hits = [...results.querySelectorAll(".hits > li")];
  /** @type {Set<Element>} */
  const told = new Set();
  const query = new URLSearchParams(location.search).get("q") ?? "";
  /** @param {MouseEvent} event */
  const choose = (event) => {
    const link = event.target instanceof Element && event.target.closest("h2 a");
    const hit = link && link.closest(".hits > li");
    // Of the other buttons the middle one opens a link too.
    if (!hit || event.button > 1 || told.has(hit)) return;
    told.add(hit);
    report(location.origin, null, { type: "click", query, id: hit.id, rank: first + hits.indexOf(hit) });
  };
  results.addEventListener("click", choose);
  results.addEventListener("auxclick", choose);
}
