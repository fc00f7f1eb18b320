// Tells what was typed from what an input method is still making of it.
//
// While a composition is under way the text in the box is raw material (`jiao'shi`), and Enter,
// arrows and Escape belong to the list of candidates. Browsers disagree on the order of events:
//
// - Chromium: the last `input` (isComposing), then `compositionend`; no `input` after it.
// - Firefox: `compositionend`, then one more `input` (not composing).
// - Safari: `compositionend` BEFORE the `keydown` of the Enter that ended it. That `keydown` says
//   isComposing false, and is told only by its keyCode, 229.
//
// So the end of a composition counts as a change, and 229 counts as the input method's.

/** Watches one input. */
export class Typing {
  #composing = false;

  /**
   * @param {HTMLInputElement} input
   * @param {() => void} changed the text is settled; may be said twice of the same text
   * @param {() => void} began a composition begins: what is still to come of earlier text can wait
   */
  constructor(input, changed, began) {
    input.addEventListener("compositionstart", () => {
      this.#composing = true;
      began();
    });
    input.addEventListener("compositionend", () => {
      this.#composing = false;
      changed();
    });
    input.addEventListener("input", (event) => {
      if (!this.#composing && !(/** @type {InputEvent} */ (event).isComposing)) changed();
    });
    // Some keyboards never end what they began; leaving the box ends it for them.
    input.addEventListener("blur", () => {
      if (this.#composing) changed();
      this.#composing = false;
    });
  }

  /**
   * Whether a key press belongs to the input method.
   *
   * @param {KeyboardEvent} event
   */
  owns(event) {
    if (event.isComposing || event.keyCode === 229) return true;
    // A key that is not the input method's, although a composition never ended.
    this.#composing = false;
    return false;
  }
}
