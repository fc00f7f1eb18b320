// The owner's page, and what the pages and the widget tell of what readers choose.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SERVICE, hosted, visit } from "./browser.js";

/** @typedef {import("./browser.js").Visit} Visit */
/** @typedef {import("playwright-core").Page} Page */

const KEY = process.env["CESOU_TEST_KEY"] ?? "";
const skip = KEY ? false : "set CESOU_TEST_KEY to an admin key of the service";

/**
 * What was counted of a query, once it has so many clicks, or after ten seconds.
 *
 * @param {string} query
 */
async function counted(query, clicks = 0) {
  for (const end = Date.now() + 10_000; ; await sleep(100)) {
    const answer = await fetch(`${SERVICE}/api/v1/analytics?limit=1000`, {
      headers: { Authorization: `Bearer ${KEY}` },
    });
    const { queries } = await answer.json();
    const line = queries.find((/** @type {{ query: string }} */ line) => line.query === query);
    if ((line?.clicks ?? 0) >= clicks || Date.now() > end) return line;
  }
}

/** Signs in. @param {Page} page */
async function signIn(page) {
  await page.fill("#key", KEY);
  await page.click(".login button");
  await page.waitForURL("**/admin*");
}

/** A query that nobody else asks, which finds as much as 教师. */
const own = () => `教师 ${"甲乙丙丁".charAt(Math.random() * 4)}${Math.random().toString(36).slice(2, 6)}`;

/**
 * The hits that a box offers for the whole of a query: on a busy machine it may offer some for its
 * beginning before.
 *
 * @param {Page} page
 * @param {string} query
 */
const offered = (page, query) =>
  page.locator(`[role=option][href*=passages][href$="?${new URLSearchParams({ q: query })}"]`);

test("a hit that is chosen on a page is told, with its place", { skip }, async () => {
  const query = own();
  await visit(`/?q=${encodeURIComponent(query)}&per_page=3&page=2`, async ({ page, complaints }) => {
    const told = page.waitForRequest((request) => request.url().endsWith("/api/v1/events"));
    const link = page.locator(".hits h2 a").nth(1);
    const id = await page.locator(".hits > li").nth(1).getAttribute("id");
    await link.click();
    await page.waitForURL("**/passages/*");
    const request = await told;
    assert.deepEqual(JSON.parse(request.postData() ?? ""), { type: "click", query, id, rank: 5 });
    await page.goBack();
    await page.waitForTimeout(300);
    const line = await counted(query, 1);
    assert.equal(line?.clicks, 1);
    assert.equal(line?.mean_rank, 5);
    assert.deepEqual(complaints, []);
  });
});

test("nothing is told of who does not want to be followed", { skip }, async () => {
  const query = own();
  /** @param {Page} page */
  const before = async (page) => {
    await page.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
  };
  await visit(
    `/?q=${encodeURIComponent(query)}`,
    async ({ page, asked }) => {
      await page.locator(".hits h2 a").first().click();
      await page.waitForURL("**/passages/*");
      assert.ok(!asked.some((url) => url.pathname === "/api/v1/events"));
    },
    { extraHTTPHeaders: { "Sec-GPC": "1" } },
    before,
  );
  assert.equal(await counted(query), undefined);
});

for (const [name, attributes, counts] of /** @type {const} */ ([
  ["a widget on another site tells of what is chosen", "", true],
  ["a widget that is not to be counted is not", 'analytics="off"', false],
]))
  test(name, { skip }, async () => {
    const script = `<script type="module" src="${SERVICE}/embed/v1/cesou.js"></script>`;
    const query = own();
    await hosted(`${script}<cesou-search ${attributes} open-in="none"></cesou-search>`, {}, (address) =>
      visit(address, async ({ page, box, complaints }) => {
        await box.pressSequentially(query, { delay: 30 });
        await offered(page, query).nth(2).waitFor();
        const told = counts && page.waitForRequest((request) => request.url().endsWith("/api/v1/events"));
        await offered(page, query).nth(1).click();
        await told;
        await page.waitForTimeout(300);
        const line = await counted(query, Number(counts));
        // However many answers there were while it was typed, it was asked once.
        assert.deepEqual([line?.searches, line?.clicks, line?.mean_rank], counts ? [1, 1, 2] : [undefined, undefined, undefined]);
        assert.deepEqual(complaints, []);
      }),
    );
  });

/** How a link is opened in a tab of its own. @type {Record<string, (link: import("playwright-core").Locator) => Promise<void>>} */
const ASIDE = {
  "the middle button": (link) => link.click({ button: "middle" }),
  "a click with Ctrl": (link) => link.click({ modifiers: ["ControlOrMeta"] }),
  "Enter with Ctrl": async (link) => {
    const box = link.page().locator("cesou-search").getByRole("combobox");
    // In the box the focus stays where it is, and arrows come to the option.
    if ((await link.getAttribute("role")) !== "option") return link.press("ControlOrMeta+Enter");
    while ((await link.getAttribute("aria-selected")) !== "true") await box.press("ArrowDown");
    await box.press("ControlOrMeta+Enter");
  },
};

for (const [where, address, links] of /** @type {const} */ ([
  ["on a page", "/", (/** @type {Page} */ page) => page.locator(".hits h2 a")],
  ["in the list of a widget", "<cesou-results>", (/** @type {Page} */ page) => page.locator("[part=link]")],
  ["in the box of a widget", "<cesou-search>", offered],
]))
  for (const [how, open] of Object.entries(ASIDE))
    test(`a hit ${where} that ${how} opens is told once`, { skip }, async () => {
      const query = own();
      const to = `?q=${encodeURIComponent(query)}`;
      /** @param {Visit} visit */
      const act = async ({ page, box, complaints }) => {
        if (address === "<cesou-search>") await box.pressSequentially(query, { delay: 30 });
        const link = links(page, query).nth(2);
        await link.waitFor();
        /** @type {unknown[]} */
        const told = [];
        page.on("request", (request) => {
          if (request.url().endsWith("/api/v1/events")) told.push(JSON.parse(request.postData() ?? ""));
        });
        const href = await link.evaluate((/** @type {HTMLAnchorElement} */ link) => link.href);
        const first = page.waitForRequest((request) => request.url().endsWith("/api/v1/events"));
        const [tab] = await Promise.all([page.context().waitForEvent("page"), open(link), first]);
        await tab.waitForURL(href);
        await page.waitForTimeout(300);
        const id = decodeURIComponent(new URL(href).pathname.split("/").pop() ?? "");
        assert.deepEqual(told, [{ type: "click", query, id, rank: 3 }]);
        assert.equal(page.context().pages().length, 2, "one tab was opened");
        assert.deepEqual(complaints, []);
      };
      if (address === "/") return visit(address + to, act);
      const script = `<script type="module" src="${SERVICE}/embed/v1/cesou.js"></script>`;
      await hosted(`${script}${address}${address.replace("<", "</")}`, {}, (host) => visit(host + to, act));
    });

test("a hit that a page has for itself is told, and opens nowhere", { skip }, async () => {
  const query = own();
  const script = `<script type="module" src="${SERVICE}/embed/v1/cesou.js"></script>`;
  await hosted(`${script}<cesou-search open-in="none"></cesou-search>`, {}, (host) =>
    visit(host, async ({ page, box }) => {
      await box.pressSequentially(query, { delay: 30 });
      const hit = offered(page, query).nth(2);
      await hit.waitFor();
      for (const open of Object.values(ASIDE)) {
        const told = page.waitForRequest((request) => request.url().endsWith("/api/v1/events"));
        await open(hit);
        await told;
      }
      // The right one opens a menu.
      await hit.click({ button: "right" });
      await page.waitForTimeout(300);
      assert.equal(page.context().pages().length, 1);
      assert.equal((await counted(query, 3))?.clicks, 3);
    }),
  );
});

for (const [width, scheme] of /** @type {const} */ ([[360, "light"], [1280, "dark"]]))
  test(`the owner's page, ${width} pixels wide, ${scheme}, without script`, { skip }, async () => {
    const query = `<img src=x onerror=alert(1)> ${width}`;
    const event = { type: "search", query, total: 0 };
    await fetch(`${SERVICE}/api/v1/events`, { method: "POST", body: JSON.stringify(event) });
    const options = {
      viewport: { width, height: 900 },
      colorScheme: scheme,
      javaScriptEnabled: false,
      locale: "zh-CN",
    };
    await visit(
      "/admin?days=7",
      async ({ page, complaints }) => {
        await signIn(page);
        const row = page.locator("#zero ~ .scroll tr", { hasText: query });
        await row.getByRole("link", { name: query, exact: true }).click();
        await page.getByRole("heading", { level: 1, name: query }).waitFor();
        await page.fill("#with", "教师交流");
        await page.click("text=查找");
        await page.locator(".added button").first().click();
        await page.locator("text=已写入词表").waitFor();
        await page.locator("button:text('取消置顶')").first().click();
        await page.locator("text=已从词表移除").waitFor();
        await page.goto(`${SERVICE}/admin`);
        await page.click("text=退出");
        await page.locator("#key").waitFor();
        assert.deepEqual(complaints, []);
      },
      options,
    );
  });

test("the owner's page is for everybody who may see it", { skip }, async () => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"]))
    for (const width of [360, 1280])
      await visit(
        "/admin",
        async (visit) => {
          const { page } = visit;
          assert.deepEqual(await visit.violations(), []);
          await signIn(page);
          for (const path of ["/admin", "/admin/query?q=%E6%95%99%E5%B8%88"]) {
            await page.goto(SERVICE + path);
            const violations = await visit.violations();
            console.log(`# axe violations on ${path}, ${width}, ${colorScheme}: ${violations.length}`);
            assert.deepEqual(violations, []);
            const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.equal(over, 0, `${path} is no wider than the window`);
            await visit.picture(`owner-${width}-${colorScheme}-${path.length}`);
          }
          assert.deepEqual(visit.complaints, []);
        },
        { viewport: { width, height: 900 }, colorScheme },
      );
});
