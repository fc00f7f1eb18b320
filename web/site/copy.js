// A button beside what is to be copied: a reference, an address.

import { h } from "../src/dom.js";

/** How long it is said that it was copied, in milliseconds. */
const SAID = 2000;

/** Puts the buttons there. */
export function copying() {
  for (const place of document.querySelectorAll("[data-copy]")) {
    if (!(place instanceof HTMLElement)) continue;
    const what = place.querySelector("cite, a");
    if (!what) continue;
    const { copy = "", copied = "" } = place.dataset;
    const lang = document.documentElement.lang;
    const button = h("button", { type: "button", lang }, copy);
    const status = h("span", { class: "hidden", role: "status", lang });
    place.append(button, status);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(what.textContent ?? "");
        button.textContent = status.textContent = copied;
        setTimeout(() => {
          button.textContent = copy;
          status.textContent = "";
        }, SAID);
      } catch {
        // Where the clipboard is out of reach, it is at least selected.
        getSelection()?.selectAllChildren(what);
      }
    });
  }
}
