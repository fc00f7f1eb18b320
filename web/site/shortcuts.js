// Keys that lead to the box: `/`, and mod+k, which is ⌘K on a Mac and Ctrl K elsewhere.

import { h, set } from "../src/dom.js";

const MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** @param {HTMLInputElement} input */
export function shortcuts(input) {
  set(input, { "aria-keyshortcuts": `/ ${MAC ? "Meta" : "Control"}+K` });
  input.after(h("kbd", { "aria-hidden": "true" }, "/"));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (event.altKey || event.shiftKey) return;
    const held = MAC ? event.metaKey : event.ctrlKey;
    const other = MAC ? event.ctrlKey : event.metaKey;
    const at = event.target;
    const writes =
      at instanceof HTMLElement &&
      (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
    const slash = event.key === "/" && !held && !writes;
    const mod = event.key.toLowerCase() === "k" && held;
    if (other || !(slash || mod)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
