// Input methods, in a real browser: the protocol's own calls for a composition, requests counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVICE, compose, hosted, visit } from "./browser.js";

const DEMO = "/embed/demo";
const SCRIPT = `<script type="module" src="${SERVICE}/embed/v1/cesou.js"></script>`;

const PINYIN = ["j", "ji", "jia", "jiao", "jiao's", "jiao'sh", "jiao'shi"];

test("an input method: nothing is asked while it composes, once when it is done", async () => {
  await visit(DEMO, async (visit) => {
    const { page, box, options } = visit;
    await box.click();
    visit.reset();
    const session = await compose(visit, PINYIN);
    assert.deepEqual(visit.searches(), [], "while composing");
    await session.send("Input.insertText", { text: "教师" });
    await options.first().waitFor();
    await visit.quiet();
    assert.equal(await box.inputValue(), "教师");
    assert.deepEqual(visit.searches(), ["教师"], "one request for a word");
    // A second word, on top of the first.
    visit.reset();
    await compose(visit, ["j", "jiao", "jiao'liu"]);
    assert.deepEqual(visit.searches(), []);
    await session.send("Input.insertText", { text: "交流" });
    await visit.quiet();
    assert.deepEqual(visit.searches(), ["教师交流"]);
    console.log("requests per word typed in pinyin: 1");
    assert.ok(await page.url().endsWith(DEMO));
  });
});

test("what was typed before a composition is not asked about during it", async () => {
  await visit(DEMO, async (visit) => {
    await visit.box.click();
    visit.reset();
    await visit.page.keyboard.insertText("教师");
    // At once, before the widget has waited long enough.
    const session = await compose(visit, ["j", "jiao"]);
    await visit.quiet();
    assert.deepEqual(visit.searches(), []);
    // Given up: what stands there now counts.
    await session.send("Input.imeSetComposition", { text: "", selectionStart: 0, selectionEnd: 0 });
    await visit.page.keyboard.press("End");
    await visit.page.locator("h1").first().click();
    await visit.quiet();
    assert.deepEqual(visit.searches(), ["教师"]);
  });
});

test("Enter, arrows and Escape during a composition belong to the input method", async () => {
  await visit(DEMO, async (visit) => {
    const { page, box, options } = visit;
    await box.click();
    await page.keyboard.insertText("教师");
    await options.first().waitFor();
    visit.reset();
    const session = await compose(visit, ["j", "jiao"]);
    for (const [key, code] of [["ArrowDown", 40], ["ArrowUp", 38], ["Escape", 27], ["Enter", 13]]) {
      for (const windowsVirtualKeyCode of [229, Number(code)]) {
        await session.send("Input.dispatchKeyEvent", {
          type: "rawKeyDown",
          key: String(key),
          code: String(key),
          windowsVirtualKeyCode,
        });
      }
      assert.equal(await box.getAttribute("aria-activedescendant"), null, String(key));
      assert.equal(await box.getAttribute("aria-expanded"), "true", String(key));
      assert.ok(page.url().endsWith(DEMO), String(key));
    }
    assert.match(await box.inputValue(), /教师/);
    assert.deepEqual(visit.searches(), []);
  });
});

test("Safari's order: the Enter that ends a composition comes after its end", async () => {
  for (const element of ["cesou-search", "cesou-results"]) {
    await hosted(`${SCRIPT}<${element}></${element}>`, {}, async (address) => {
      await visit(address, async (visit) => {
        const { page } = visit;
        const box = page.locator(`${element} input:not([type=checkbox])`);
        await box.click();
        visit.reset();
        const went = await box.evaluate((input) => {
          const field = /** @type {HTMLInputElement} */ (input);
          const key = (/** @type {KeyboardEventInit} */ more) =>
            field.dispatchEvent(
              new KeyboardEvent("keydown", { bubbles: true, cancelable: true, composed: true, ...more }),
            );
          let submitted = 0;
          document.addEventListener("cesou-submit", (event) => {
            submitted += 1;
            event.preventDefault();
          });
          field.dispatchEvent(new CompositionEvent("compositionstart", { data: "" }));
          for (const text of ["j", "jiao", "jiaoshi"]) {
            key({ key: "j", keyCode: 229, isComposing: true });
            field.value = text;
            field.dispatchEvent(new InputEvent("input", { isComposing: true, data: text }));
          }
          field.value = "jiaoshi";
          field.dispatchEvent(new InputEvent("input", { isComposing: true, data: "jiaoshi" }));
          field.dispatchEvent(new CompositionEvent("compositionend", { data: "jiaoshi" }));
          key({ key: "Enter", keyCode: 229, isComposing: false });
          return submitted;
        });
        assert.equal(went, 0, "the Enter was the input method's");
        await visit.quiet();
        assert.deepEqual(visit.searches(), ["jiaoshi"]);
        assert.equal(await box.inputValue(), "jiaoshi");
      });
    });
  }
});

test("Firefox's order: one more input after the end of a composition is not asked about twice", async () => {
  await visit(DEMO, async (visit) => {
    await visit.box.click();
    visit.reset();
    await visit.box.evaluate((input) => {
      const field = /** @type {HTMLInputElement} */ (input);
      field.dispatchEvent(new CompositionEvent("compositionstart", { data: "" }));
      field.value = "教师";
      field.dispatchEvent(new InputEvent("input", { isComposing: true, data: "教师" }));
      field.dispatchEvent(new CompositionEvent("compositionend", { data: "教师" }));
      field.dispatchEvent(new InputEvent("input", { isComposing: false, data: "教师" }));
    });
    await visit.options.first().waitFor();
    await visit.quiet();
    assert.deepEqual(visit.searches(), ["教师"]);
  });
});

test("keyboards that compose Latin letters search at the end of the word, and Enter works", async () => {
  await visit(DEMO, async (visit) => {
    const { page, box, options } = visit;
    await box.click();
    visit.reset();
    const session = await compose(visit, ["j", "ji", "jiaoshi"]);
    await session.send("Input.insertText", { text: "jiaoshi" });
    await options.first().waitFor();
    assert.deepEqual(visit.searches(), ["jiaoshi"]);
    // An accent made of two keys.
    await compose(visit, ["´"]);
    await session.send("Input.insertText", { text: "é" });
    await visit.quiet();
    assert.deepEqual(visit.searches(), ["jiaoshi", "jiaoshié"]);
    await box.fill("教师");
    await page.keyboard.press("Enter");
    await page.waitForURL(/[?&]q=/);
    assert.equal(new URL(page.url()).searchParams.get("q"), "教师");
  });
});
