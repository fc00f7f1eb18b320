// Input methods on the pages' own box: the protocol's calls for a composition, requests counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Visit, compose, visit } from "./browser.js";

const CHINESE = { locale: "zh-CN" };
const PINYIN = ["j", "ji", "jia", "jiao", "jiao's", "jiao'sh", "jiao'shi"];

/** What suggestions were asked for. @param {Visit} visit */
const asked = (visit) =>
  visit.asked
    .filter((url) => url.pathname === "/api/v1/suggest")
    .map((url) => url.searchParams.get("q"));

test("an input method: no suggestion is asked for while it composes, one request for a word", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page, options } = visit;
      const box = page.locator("#q");
      await box.click();
      visit.reset();
      const session = await compose(visit, PINYIN);
      assert.deepEqual(asked(visit), [], "while composing");
      await session.send("Input.insertText", { text: "教师" });
      await options.first().waitFor();
      await visit.quiet();
      assert.equal(await box.inputValue(), "教师");
      assert.deepEqual(asked(visit), ["教师"]);
      visit.reset();
      await compose(visit, ["j", "jiao", "jiao'liu"]);
      assert.deepEqual(asked(visit), []);
      await session.send("Input.insertText", { text: "交流" });
      await visit.quiet();
      assert.deepEqual(asked(visit), ["教师交流"]);
      console.log("requests per word typed in pinyin, on the pages: 1");
      assert.deepEqual(visit.complaints, []);
    },
    CHINESE,
  );
});

test("Enter, arrows and Escape during a composition belong to the input method", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page, options } = visit;
      const box = page.locator("#q");
      await box.click();
      await page.keyboard.insertText("教师");
      await options.first().waitFor();
      visit.reset();
      const before = page.url();
      const session = await compose(visit, ["j", "jiao"]);
      for (const [key, code] of /** @type {const} */ ([["ArrowDown", 40], ["ArrowUp", 38], ["Escape", 27], ["Enter", 13]])) {
        for (const windowsVirtualKeyCode of [229, code]) {
          const press = { type: /** @type {const} */ ("rawKeyDown"), key, code: key, windowsVirtualKeyCode };
          await session.send("Input.dispatchKeyEvent", press);
        }
        assert.equal(await box.getAttribute("aria-activedescendant"), null, key);
        assert.equal(await box.getAttribute("aria-expanded"), "true", key);
        assert.equal(page.url(), before, key);
      }
      assert.deepEqual(asked(visit), []);
    },
    CHINESE,
  );
});

test("Safari's order: the Enter that ends a composition sends no form", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page } = visit;
      const box = page.locator("#q");
      await box.click();
      visit.reset();
      const [went, prevented] = await box.evaluate((input) => {
        const field = /** @type {HTMLInputElement} */ (input);
        const key = (/** @type {KeyboardEventInit} */ more) =>
          field.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...more }));
        let submitted = 0;
        field.form?.addEventListener("submit", (event) => {
          submitted += 1;
          event.preventDefault();
        });
        field.dispatchEvent(new CompositionEvent("compositionstart", { data: "" }));
        for (const text of ["j", "jiao", "jiaoshi"]) {
          key({ key: "j", keyCode: 229, isComposing: true });
          field.value = text;
          field.dispatchEvent(new InputEvent("input", { isComposing: true, data: text }));
        }
        field.dispatchEvent(new CompositionEvent("compositionend", { data: "jiaoshi" }));
        const goesOn = key({ key: "Enter", keyCode: 229, isComposing: false });
        return [submitted, !goesOn];
      });
      assert.equal(went, 0);
      assert.ok(prevented, "the browser is kept from sending the form by it");
      await visit.quiet();
      assert.deepEqual(asked(visit), ["jiaoshi"]);
      // The next Enter is the reader's.
      await page.goto(page.url());
      await box.fill("教师");
      await box.press("Enter");
      await page.waitForURL(/[?&]q=/);
    },
    CHINESE,
  );
});

test("a shortcut typed while composing is the input method's", async () => {
  await visit(
    "/?q=%E6%95%99%E5%B8%88",
    async (visit) => {
      const { page } = visit;
      const gone = await page.evaluate(() => {
        const press = (/** @type {KeyboardEventInit} */ more) =>
          document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...more }));
        press({ key: "/", keyCode: 229, isComposing: true });
        press({ key: "/", keyCode: 229 });
        return document.activeElement?.id;
      });
      assert.notEqual(gone, "q");
    },
    CHINESE,
  );
});
