// InstantSearch in a real browser, on a page of another origin, through both lines of the adapter.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { HOST, SEARCH_KEY, asked, total } from "./service.js";

const executablePath = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

// A container has no room for the sandbox; what runs in it here is ours.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
after(() => browser.close());

const PLACES = ["box", "stats", "hits", "province", "theme", "kind", "region", "year", "sort"];
const PAGE = `<!doctype html><meta charset="utf-8"><title>检索</title>
${[...PLACES, "pages", "current", "clear"].map((id) => `<div id="${id}"></div>`).join("\n")}
<script>globalThis.HOST = ${JSON.stringify(HOST)}; globalThis.KEY = ${JSON.stringify(SEARCH_KEY)};</script>
<script src="/page.js"></script>`;

for (const [line, adapter] of [
  ["0.31.3", "@meilisearch/instant-meilisearch"],
  ["1.0.0", "@meilisearch/instant-meilisearch-1"],
]) {
  describe(`instantsearch.js with instant-meilisearch ${line}`, { concurrency: false }, () => {
    let server;
    let page;
    const complaints = [];

    before(async () => {
      const { outputFiles } = await build({
        entryPoints: ["page.js"],
        bundle: true,
        write: false,
        platform: "browser",
        alias: { ADAPTER: adapter },
        logLevel: "error",
      });
      server = createServer((request, response) => {
        const isScript = request.url === "/page.js";
        response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
        response.end(isScript ? outputFiles[0].text : PAGE);
      });
      await new Promise((done) => server.listen(0, "127.0.0.1", done));
      page = await browser.newPage();
      page.setDefaultTimeout(15_000);
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        const isOurs = !message.location().url.endsWith("/favicon.ico");
        if (message.type() === "error" && isOurs) complaints.push(message.text());
      });
      page.on("response", (answer) => {
        if (answer.status() >= 400 && answer.url().startsWith(HOST)) {
          complaints.push(`${answer.status()} ${answer.url()}`);
        }
      });
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.locator("article").first().waitFor();
    });

    after(async () => {
      await page?.close();
      server?.close();
      assert.deepEqual(complaints, []);
    });

    /** Waits until this many are found. */
    const finds = async (wanted) => {
      await page.waitForFunction(
        (wanted) => document.querySelector("#stats").textContent.trim() === String(wanted),
        wanted,
      );
    };
    const type = (text) => page.locator("#box input").fill(text);
    const clear = async () => {
      await page.evaluate(() => globalThis.search.setUiState({ passages: {} }));
      await finds(await total({}));
    };
    /** A value of a list, with the count it shows. */
    const value = async (list, label) => {
      const item = page.locator(`${list} li`).filter({
        has: page.locator(`input[value="${label}"]`),
      });
      const count = await item.locator(".ais-RefinementList-count").textContent();
      return { item, count: Number(count) };
    };

    test("everything, before anything is typed", async () => {
      await finds(await total({}));
      assert.equal(await page.locator("article").count(), 5);
    });

    test("what is typed is found and marked", async () => {
      await type("教师交流");
      await finds(await total({ q: "教师交流" }));
      const { hits } = await asked({ q: "教师交流", limit: 5 });
      await page.locator(`article[data-id="${hits[0].id}"]`).waitFor();
      const ids = await page.locator("article").evaluateAll((all) => all.map((it) => it.dataset.id));
      assert.deepEqual(ids, hits.map((hit) => hit.id));
      const marked = await page.locator(".whole mark").allTextContents();
      assert.ok(marked.length > 0 && marked.every((text) => /教师|交流/.test(text)), marked.join());
      const cut = await page.locator(".cut").first().textContent();
      const whole = await page.locator(".whole").first().textContent();
      assert.ok(whole.includes(cut.trim().replaceAll("…", "")), `${cut} in ${whole}`);
    });

    test("no text of a report becomes markup", async () => {
      await type("onerror");
      await finds(await total({ q: "onerror" }));
      await page.locator("article").first().waitFor();
      assert.equal(await page.locator("article img, article script").count(), 0);
      const shown = await page.locator(".whole").first().textContent();
      assert.match(shown, /<img src=x/);
      await clear();
    });

    test("one value or another", async () => {
      const hebei = await value("#province", "河北省");
      assert.equal(hebei.count, await total({ filter: "province = 河北省" }));
      await hebei.item.locator("label").click();
      await finds(hebei.count);
      // The others can still be chosen, with the counts they would add.
      const shanxi = await value("#province", "山西省");
      assert.equal(shanxi.count, await total({ filter: "province = 山西省" }));
      await shanxi.item.locator("label").click();
      await finds(hebei.count + shanxi.count);
      const current = await page.locator("#current .ais-CurrentRefinements-categoryLabel").allTextContents();
      assert.deepEqual(current.sort(), ["山西省", "河北省"].sort());
      await page.locator("#current .ais-CurrentRefinements-delete").first().click();
      await page.waitForFunction(
        () => document.querySelectorAll("#current .ais-CurrentRefinements-category").length === 1,
      );
      await page.locator("#clear button").click();
      await finds(await total({}));
    });

    test("one value and another", async () => {
      const { facetDistribution } = await asked({ facets: ["theme"] });
      const [first] = Object.entries(facetDistribution.theme).sort((a, b) => b[1] - a[1])[0];
      const one = await value("#theme", first);
      await one.item.locator("label").click();
      await finds(one.count);
      const narrowed = await asked({ facets: ["theme"], filter: `theme = "${first}"` });
      const [second, both] = Object.entries(narrowed.facetDistribution.theme)
        .filter(([name]) => name !== first)
        .sort((a, b) => b[1] - a[1])[0];
      await page.waitForFunction(
        ([name, count]) => {
          const box = document.querySelector(`#theme input[value="${name}"]`);
          return box?.closest("li").querySelector(".ais-RefinementList-count").textContent === String(count);
        },
        [second, both],
      );
      await (await value("#theme", second)).item.locator("label").click();
      await finds(both);
      await clear();
    });

    test("values are searched for", async () => {
      await page.locator("#province input[type=search]").fill("河北");
      await page.waitForFunction(
        () => document.querySelectorAll("#province .ais-RefinementList-item").length === 1,
      );
      const label = page.locator("#province .ais-RefinementList-labelText");
      assert.equal(await label.textContent(), "河北省");
      await page.locator("#province label").first().click();
      await finds(await total({ filter: "province = 河北省" }));
      await clear();
    });

    test("province, then city, then county", async () => {
      const { hits } = await asked({ filter: "region_lvl2 IS NOT NULL", limit: 1 });
      const filter = (level, value) => ({ filter: `region_lvl${level} = "${value}"` });
      for (const [level, value] of [
        [0, hits[0].region_lvl0],
        [1, hits[0].region_lvl1],
        [2, hits[0].region_lvl2],
      ]) {
        const label = value.split(" > ").at(-1);
        const link = page.locator("#region a").filter({
          has: page.locator(".ais-HierarchicalMenu-label", { hasText: new RegExp(`^${label}$`) }),
        });
        const count = await link.locator(".ais-HierarchicalMenu-count").textContent();
        const wanted = await total(filter(level, value));
        assert.equal(Number(count), wanted, value);
        await link.click();
        await finds(wanted);
      }
      await clear();
    });

    test("a range of years, within what there is", async () => {
      const { facetStats } = await asked({ facets: ["year"] });
      const from = page.locator("#year .ais-RangeInput-input--min");
      const to = page.locator("#year .ais-RangeInput-input--max");
      assert.equal(await from.getAttribute("min"), String(facetStats.year.min));
      assert.equal(await to.getAttribute("max"), String(facetStats.year.max));
      await from.fill("2014");
      await to.fill("2015");
      await page.locator("#year button").click();
      await finds(await total({ filter: "year >= 2014 AND year <= 2015" }));
      await clear();
    });

    test("orders", async () => {
      await type("教师");
      await finds(await total({ q: "教师" }));
      for (const [sort, order] of [
        ["passages:year:desc", "year:desc"],
        ["passages:year:asc", "year:asc"],
        ["passages", undefined],
      ]) {
        const { hits } = await asked({ q: "教师", limit: 5, ...(order ? { sort: [order] } : {}) });
        await page.locator("#sort select").selectOption(sort);
        await page.locator(`article[data-id="${hits[0].id}"]`).waitFor();
        await page.waitForFunction(
          (wanted) =>
            [...document.querySelectorAll("article")].map((it) => it.dataset.id).join() === wanted,
          hits.map((hit) => hit.id).join(),
        );
      }
      await clear();
    });

    test("pages", async () => {
      const all = await total({});
      const { hits } = await asked({ page: 2, hitsPerPage: 5 });
      await page.locator("#pages a", { hasText: /^2$/ }).click();
      await page.locator(`article[data-id="${hits[0].id}"]`).waitFor();
      await page.locator("#pages .ais-Pagination-item--lastPage a").click();
      const last = Math.ceil(all / 5);
      await page.locator("#pages .ais-Pagination-item--selected", { hasText: String(last) }).waitFor();
      const rest = await asked({ page: last, hitsPerPage: 5 });
      await page.locator(`article[data-id="${rest.hits[0].id}"]`).waitFor();
      assert.equal(await page.locator("article").count(), rest.hits.length);
      await clear();
    });

    test("nothing found", async () => {
      await type('"这一句哪里都没有写过"');
      await finds(0);
      await page.locator("#hits .ais-Hits--empty").waitFor();
      await clear();
    });
  });
}
