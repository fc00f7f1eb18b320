// Counting and comparing, in a real browser: the cells of the matrix, regions picked and set side by
// side, what comes out of the printer, and data that stand in pages and are never run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVICE, visit } from "./browser.js";

const CHINESE = { locale: "zh-CN" };
const NO_SCRIPT = { ...CHINESE, javaScriptEnabled: false };
const WIDE = { ...CHINESE, viewport: { width: 1280, height: 800 } };

/** @param {[string, string][]} pairs */
const address = (/** @type {string} */ path, pairs) => `${path}?${new URLSearchParams(pairs)}`;
const TWO = address("/compare", [["region", "晋中市"], ["region", "芦溪县"]]);
const FIVE = address(
  "/compare",
  ["晋中市", "芦溪县", "泰州市", "石家庄市", "沈阳市"].map((name) => ["region", name]),
);

test("a cell of the matrix opens its hits, as many as it says", async () => {
  await visit(
    address("/matrix", [["q", "教师"]]),
    async ({ page }) => {
      const cell = page.locator(".matrix tbody tr:not(.total) td:not(.total) a").first();
      const count = Number(await cell.innerText());
      assert.ok(count > 0);
      const row = await page.locator(".matrix tbody tr:not(.total) th a").first().innerText();
      await cell.click();
      await page.waitForURL(/\/\?/);
      assert.match(await page.locator(".summary").innerText(), new RegExp(`共 ${count} 个`));
      assert.match(await page.locator(".chips").first().innerText(), new RegExp(row));
      assert.equal(await page.locator("#q").inputValue(), "教师");
      await page.goBack();
      assert.match(page.url(), /\/matrix\?/);
    },
    WIDE,
  );
});

test("the heads of the matrix stay in sight, and its shades are said in numbers too", async () => {
  await visit(
    "/matrix?zeros=true",
    async ({ page }) => {
      const matrix = page.locator(".matrix");
      const before = await page.locator(".matrix thead th").first().boundingBox();
      await matrix.evaluate((element) => element.scrollTo(300, 300));
      const after = await page.locator(".matrix thead th").first().boundingBox();
      assert.deepEqual(after, before);
      const row = await page.locator(".matrix tbody tr").nth(6).locator("th").boundingBox();
      assert.equal(row?.x, before?.x);
      const cells = await page.locator(".matrix td").allInnerTexts();
      assert.ok(cells.every((text) => /^[\d,]+$/.test(text)), "each cell holds its count");
    },
    { ...CHINESE, viewport: { width: 700, height: 500 } },
  );
});

test("rows of the matrix are chosen and compared, without scripts", async () => {
  await visit(
    address("/matrix", [["q", "教师"]]),
    async ({ page }) => {
      const boxes = page.getByRole("checkbox");
      await boxes.nth(0).check();
      await boxes.nth(2).check();
      await page.getByRole("button", { name: "对比选中的地区" }).click();
      assert.match(page.url(), /\/compare\?/);
      assert.equal(await page.locator(".heads li").count(), 2);
      assert.equal(await page.locator("#q").inputValue(), "教师");
    },
    NO_SCRIPT,
  );
});

test("two regions are picked, one by typing and one by a click, without scripts", async () => {
  await visit(
    "/compare",
    async ({ page }) => {
      await page.getByLabel("地区 1").fill("晋中");
      await page.getByRole("button", { name: "开始对比" }).click();
      assert.match(await page.locator(".chips.sides").innerText(), /山西省晋中市/);
      assert.equal(await page.locator(".heads").count(), 0);
      await page.locator(".picks a", { hasText: "泰州市" }).click();
      assert.deepEqual(
        (await page.locator(".heads a").allInnerTexts()).sort(),
        ["山西省晋中市", "江苏省泰州市"].sort(),
      );
      assert.ok((await page.locator(".compare article").count()) > 3);
      // A query narrows both sides; a side is given up again.
      await page.locator("#q").fill("教师");
      await page.locator("#q").press("Enter");
      assert.equal(await page.locator(".heads li").count(), 2);
      assert.ok((await page.locator(".compare mark").count()) > 0);
      await page.locator(".chips.sides a").first().click();
      assert.equal(await page.locator(".heads").count(), 0);
      assert.equal(await page.locator("#q").inputValue(), "教师");
    },
    NO_SCRIPT,
  );
});

test("a name that is none is said, and what was right stays", async () => {
  await visit(
    address("/compare", [["region", "晋中市"], ["region", "火星省"]]),
    async ({ page }) => {
      assert.match(await page.getByRole("alert").innerText(), /火星省/);
      assert.match(await page.locator(".chips.sides").innerText(), /晋中市/);
      assert.ok(await page.getByLabel("地区", { exact: true }).isVisible());
    },
    CHINESE,
  );
});

test("side by side on a wide screen, one below the other with its region on a narrow one", async () => {
  for (const [width, columns] of /** @type {const} */ ([[1280, 5], [360, 1]])) {
    await visit(
      FIVE,
      async ({ page }) => {
        const row = page.locator(".compare .row").first();
        const places = await row.locator("> :not(.shared):visible").evaluateAll((cells) => [
          ...new Set(cells.map((cell) => Math.round(cell.getBoundingClientRect().x))),
        ]);
        assert.equal(places.length, columns);
        const named = await page.locator(".compare .side").first().isVisible();
        assert.equal(named, width === 360);
        assert.equal(await page.locator(".heads").isVisible(), width === 1280);
      },
      { ...CHINESE, viewport: { width, height: 800 } },
    );
  }
});

test("printed, a comparison has its columns and regions and nothing to click", async () => {
  await visit(
    TWO,
    async ({ page }) => {
      await page.emulateMedia({ media: "print" });
      for (const gone of [".top", ".picker", ".themes", ".exports", ".chips.sides"])
        assert.equal(await page.locator(gone).first().isVisible(), false, gone);
      assert.ok(await page.locator(".compare .side").first().isVisible());
      assert.ok(await page.locator(".compare h2").first().isVisible());
      const pdf = await page.pdf({ preferCSSPageSize: true });
      const [, width, height] = /MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf.toString("latin1")) ?? [];
      assert.ok(Number(width) > Number(height), `on its side: ${width} × ${height}`);
    },
    WIDE,
  );
});

test("data in a page are no scripts: nothing is run, and the policy has nothing to forbid", async () => {
  const { hits } = await (await fetch(new URL("/api/v1/search?q=onerror", SERVICE))).json();
  const nasty = hits[0];
  for (const path of ["/", "/about", nasty.url, nasty.report.url]) {
    await visit(
      path,
      async (visit) => {
        const blocks = visit.page.locator('script[type="application/ld+json"]');
        assert.ok((await blocks.count()) > 0, path);
        for (const text of await blocks.allTextContents()) JSON.parse(text);
        assert.deepEqual(visit.complaints, [], path);
      },
      CHINESE,
      async (page) => {
        await page.addInitScript(() =>
          document.addEventListener("securitypolicyviolation", (event) =>
            console.error(`policy: ${event.violatedDirective}`),
          ),
        );
      },
    );
  }
});
