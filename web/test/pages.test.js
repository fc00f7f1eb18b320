// The pages for readers, in a real browser: searching, narrowing, going back; by keyboard alone,
// without scripts, in either language, light and dark, as narrow as it gets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVICE, Visit, visit } from "./browser.js";

/** @typedef {import("./browser.js").ContextOptions} ContextOptions */

const CHINESE = { locale: "zh-CN" };

/** @param {string} path */
const json = async (path) => (await fetch(new URL(path, SERVICE))).json();
/** @param {Record<string, string>} pairs */
const search = (pairs) => `/?${new URLSearchParams(pairs)}`;

const [hit] = (await json(`/api/v1/search?${new URLSearchParams({ q: "教师交流" })}`)).hits;
const [nasty] = (await json("/api/v1/search?q=onerror")).hits;

/** One of each kind of page; a page that is new is added here. */
const PAGES = {
  home: "/",
  search: search({ q: "教师交流轮岗" }),
  "search narrowed": search({ q: "jiaoshi 北京", theme: "teachers", group: "report", sort: "date" }),
  "search without hits": search({ q: "zzzz", match: "exact" }),
  map: "/map?q=%E6%95%99%E8%82%B2",
  matrix: "/matrix?q=%E6%95%99%E8%82%B2",
  "matrix of years": "/matrix?rows=city&cols=year",
  compare: "/compare",
  compared: `/compare?${new URLSearchParams([["region", "晋中市"], ["region", "芦溪县"]])}`,
  "five compared": `/compare?${new URLSearchParams(
    ["晋中市", "芦溪县", "泰州市", "石家庄市", "沈阳市"].map((name) => ["region", name]),
  )}`,
  about: "/about",
  passage: `${hit.url}?q=%E4%BA%A4%E6%B5%81`,
  report: `${hit.report.url}?q=%E4%BA%A4%E6%B5%81`,
  refusal: "/passages/nothing",
};

/**
 * @param {string} path
 * @param {"zh" | "en"} lang
 */
const inLanguage = (path, lang) => `${path}${path.includes("?") ? "&" : "?"}lang=${lang}`;

/** How many passages a search page says it found. @param {Visit} visit */
async function total({ page }) {
  const said = await page.locator(".summary").innerText();
  return Number(/共 ([\d,]+) 个/.exec(said)?.[1]?.replaceAll(",", "") ?? 0);
}

/**
 * What is wider than the window.
 *
 * @param {Visit} visit
 */
const wider = ({ page }) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 1)
      .map((element) => `${element.tagName}.${element.className}`);
  });

test("no page breaks a rule of axe, in either language, light or dark, wide or narrow", async () => {
  let pages = 0;
  for (const [name, path] of Object.entries(PAGES)) {
    for (const lang of /** @type {const} */ (["zh", "en"])) {
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        // Wide and light, narrow and dark; the other way round in the other language.
        const width = (colorScheme === "light") === (lang === "zh") ? 1280 : 320;
        await visit(
          inLanguage(path, lang),
          async (visit) => {
            const what = `${name}, ${lang}, ${colorScheme}, ${width}`;
            assert.deepEqual(await visit.violations(), [], what);
            assert.deepEqual(await wider(visit), [], what);
            const complaints = visit.complaints.filter((complaint) => !complaint.includes("404"));
            assert.deepEqual(complaints, [], what);
            const there = await visit.page.evaluate(() => document.documentElement.lang);
            assert.equal(there, lang === "zh" ? "zh-CN" : "en", what);
            await visit.picture(`${name} ${lang} ${colorScheme} ${width}`.replaceAll(" ", "-"));
            pages += 1;
          },
          { colorScheme, viewport: { width, height: 800 } },
        );
      }
    }
  }
  console.log(`axe violations on ${pages} pages: 0`);
});

test("nothing is fetched from elsewhere, and nothing breaks the policy", async () => {
  for (const [name, path] of Object.entries(PAGES)) {
    await visit(
      path,
      async (visit) => {
        for (const url of visit.asked) assert.equal(url.origin, new URL(SERVICE).origin, name);
        const inline = await visit.page.locator("[style], script:not([src]):not([type*=json])").count();
        assert.equal(inline, 0, name);
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

test("at 200 per cent nothing has to be scrolled sideways", async () => {
  // English is the longer of the two; 320 pixels are looked at above, in both.
  for (const [name, path] of Object.entries(PAGES)) {
    await visit(
      inLanguage(path, "en"),
      async (visit) => assert.deepEqual(await wider(visit), [], name),
      { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
    );
  }
});

test("dark where the system is dark", async () => {
  for (const [colorScheme, isDark] of /** @type {const} */ ([["light", false], ["dark", true]])) {
    await visit(
      "/",
      async ({ page }) => {
        const [paper, ink] = await page.evaluate(() => {
          const { backgroundColor, color } = getComputedStyle(document.body);
          return [backgroundColor, color].map((rgb) => Number(/\d+/.exec(rgb)?.[0]));
        });
        assert.equal((paper ?? 0) < (ink ?? 0), isDark);
      },
      { ...CHINESE, colorScheme },
    );
  }
});

test("search, narrow, go back and forward: the address is the whole state", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page } = visit;
      await page.locator("#q").fill("教育");
      await page.locator("#q").press("Enter");
      await page.waitForURL(/[?&]q=/);
      const all = await total(visit);
      assert.ok(all > 10, `${all}`);
      assert.ok((await page.locator(".hits mark").count()) > 0);

      const province = page.locator(".facets section").first().locator("li a").first();
      const offered = Number(await province.locator("data").getAttribute("value"));
      const name = await province.locator("span").innerText();
      await province.click();
      await page.waitForURL(/province=/);
      assert.equal(await total(visit), offered);
      await page.getByRole("list", { name: "已选条件" }).getByText(name).waitFor();

      await page.goBack();
      assert.equal(await total(visit), all);
      assert.equal(await page.locator("#q").inputValue(), "教育");
      await page.goForward();
      assert.equal(await total(visit), offered);

      // A new query keeps the filter; the chip gives it up.
      await page.locator("#q").fill("学校");
      await page.locator("#q").press("Enter");
      await page.waitForURL(/%E5%AD%A6%E6%A0%A1/);
      assert.match(page.url(), /province=/);
      await page.locator(".chips a").first().click();
      await page.waitForURL((url) => !url.search.includes("province"));
      assert.equal(await page.locator("#q").inputValue(), "学校");
      assert.deepEqual(visit.complaints, []);
    },
    CHINESE,
  );
});

test("what the search understood is said, and can be taken back", async () => {
  await visit(
    search({ q: "jiaoshi" }),
    async ({ page }) => {
      const understood = page.getByRole("list", { name: "系统的理解" });
      const reading = understood.locator("a", { hasText: "jiaoshi → 教师" });
      await reading.click();
      await page.waitForURL(/%22jiaoshi%22|rewrites=false/);
      assert.equal(await understood.locator("a", { hasText: "jiaoshi →" }).count(), 0);
    },
    CHINESE,
  );
  await visit(
    search({ q: "北京 教师" }),
    async (visit) => {
      const { page } = visit;
      const understood = page.getByRole("list", { name: "系统的理解" });
      await understood.getByText("北京市 排在前面").waitFor();
      await understood.getByRole("link", { name: "只看北京市" }).click();
      await page.waitForURL(/province=/);
      for (const region of await page.locator(".hits .region").allInnerTexts())
        assert.ok(region.startsWith("北京市"), region);
      await page.goBack();
      await understood.locator("a", { hasText: "北京市 排在前面" }).click();
      await page.waitForURL((url) => url.searchParams.get("q") === '"北京" 教师');
      assert.equal(await understood.getByText("北京市 排在前面").count(), 0);
    },
    CHINESE,
  );
});

test("grouped by report, each report stands once, with the way to all it has", async () => {
  await visit(
    search({ q: "教育" }),
    async (visit) => {
      const { page } = visit;
      const all = await total(visit);
      await page.getByRole("navigation", { name: "列出" }).getByRole("link", { name: "报告" }).click();
      await page.waitForURL(/group=report/);
      assert.equal(await total(visit), all, "passages are counted as before");
      const reports = await page.locator(".hits .origin a").allInnerTexts();
      assert.ok(reports.length > 1);
      assert.equal(new Set(reports).size, reports.length);
      const others = page.locator(".others a").first();
      const count = Number(/\d+/.exec(await others.innerText())?.[0]);
      await others.click();
      await page.waitForURL(/report=/);
      assert.equal(await total(visit), count);
    },
    CHINESE,
  );
});

test("pages of hits keep their place: back from a passage to the very hit", async () => {
  await visit(
    search({ q: "教育" }),
    async ({ page }) => {
      await page.locator(".pages a[rel=next]").click();
      await page.waitForURL(/page=2/);
      const link = page.locator(".hits h2 a").last();
      const id = await page.locator(".hits > li").last().getAttribute("id");
      await link.click();
      await page.waitForURL(/\/passages\//);
      await page.getByRole("link", { name: "返回检索结果" }).click();
      await page.waitForURL((url) => url.pathname === "/" && url.hash === `#${id}`);
      assert.equal(new URL(page.url()).searchParams.get("page"), "2");
      assert.ok(await page.locator(`[id="${id}"]`).isVisible());
      const top = await page.locator(`[id="${id}"]`).evaluate((hit) => hit.getBoundingClientRect().top);
      assert.ok(top >= 0 && top < 900, `${top}`);
    },
    CHINESE,
  );
});

test("without JavaScript everything but suggestions works", async () => {
  const plain = { ...CHINESE, javaScriptEnabled: false };
  await visit(
    "/",
    async (visit) => {
      const { page } = visit;
      assert.equal(await page.locator("#q[role=combobox]").count(), 0);
      await page.locator("#q").fill("教育");
      await page.getByRole("button", { name: "检索" }).click();
      const all = await total(visit);
      assert.ok(all > 10);
      await page.getByRole("link", { name: "精确" }).click();
      await page.getByRole("link", { name: "地区", exact: true }).click();
      assert.match(page.url(), /match=exact.*sort=region/);
      await page.locator(".facets section").first().locator("li a").first().click();
      assert.ok((await total(visit)) < all);
      await page.getByRole("link", { name: "全部清除" }).click();
      await page.locator(".pages a[rel=next]").click();
      assert.match(page.url(), /page=2/);
      await page.getByRole("navigation", { name: "栏目" }).getByRole("link", { name: "地图" }).click();
      assert.equal(await page.locator(".tiles li").count(), 34);
      await page.locator(".tiles a:not(.shade0)").first().click();
      assert.match(page.url(), /province=/);
      await page.locator(".hits h2 a").first().click();
      assert.match(page.url(), /\/passages\//);
      await page.locator("details.amounts, .cite").first().waitFor();
      await page.getByRole("navigation", { name: "栏目" }).getByRole("link", { name: "矩阵" }).click();
      assert.ok((await page.locator(".matrix td a").count()) > 0);
    },
    plain,
  );
  // The drawer of filters opens by its address.
  await visit(
    search({ q: "教育" }),
    async ({ page }) => {
      const facets = page.locator(".facets");
      assert.ok(!(await facets.isVisible()));
      await page.locator("a.narrow").click();
      assert.ok(await facets.isVisible());
      await facets.getByRole("link", { name: "关闭" }).click();
      await facets.waitFor({ state: "hidden" });
      await page.locator("a.narrow").click();
      await facets.locator("li a").first().click();
      await page.waitForURL(/province=/);
      assert.equal(await page.locator("a.narrow b").innerText(), "1");
    },
    { ...plain, viewport: { width: 360, height: 700 } },
  );
});

test("the drawer of filters has the focus while it is open, and Escape closes it", async () => {
  await visit(
    search({ q: "教育" }),
    async (visit) => {
      const { page } = visit;
      const facets = page.locator(".facets");
      await page.locator("a.narrow").focus();
      await page.keyboard.press("Enter");
      await facets.waitFor();
      await page.waitForFunction(() => document.activeElement?.closest("#filters"));
      assert.deepEqual(await visit.violations(), [], "axe, with the drawer open");
      await page.keyboard.press("Escape");
      await facets.waitFor({ state: "hidden" });
      await page.waitForFunction(() => document.activeElement?.matches("a.narrow"));
      // A press beside it closes it as well.
      await page.locator("a.narrow").click();
      await facets.waitFor();
      await page.mouse.click(10, 300);
      await facets.waitFor({ state: "hidden" });
    },
    { ...CHINESE, viewport: { width: 360, height: 700 } },
  );
});

test("the map shows every province where it lies, with a count that is the search's own", async () => {
  await visit(
    "/map?q=%E6%95%99%E8%82%B2",
    async (visit) => {
      const { page } = visit;
      const tiles = page.getByRole("list", { name: "各省分布" }).getByRole("listitem");
      assert.equal(await tiles.count(), 34);
      const place = async (/** @type {string} */ name) => {
        const box = await tiles.filter({ hasText: name }).boundingBox();
        return box ?? assert.fail(name);
      };
      const [north, south, west, east] = await Promise.all(["黑龙江", "海南", "新疆", "上海"].map(place));
      assert.ok(north && south && west && east);
      assert.ok(north.y < south.y && west.x < east.x, "north above south, west left of east");
      // What has nothing is there as well, and says so without colour.
      assert.match(await tiles.filter({ hasText: "台湾" }).innerText(), /台湾\s*0/);
      const sum = await page
        .locator(".tiles data")
        .evaluateAll((counts) => counts.reduce((sum, count) => sum + Number(count.getAttribute("value")), 0));
      assert.ok(sum > 0 && sum <= (await total(visit)));
      const tile = tiles.filter({ hasText: "江苏" });
      const count = Number(await tile.locator("data").getAttribute("value"));
      await tile.getByRole("link").click();
      await page.waitForURL(/province=/);
      assert.equal(await total(visit), count);
      assert.equal(await page.locator("#q").inputValue(), "教育");
      // The box stays with the map.
      await page.goBack();
      await page.locator("#q").fill("学校");
      await page.locator("#q").press("Enter");
      await page.waitForURL(/\/map\?q=%E5%AD%A6/);
    },
    CHINESE,
  );
});

test("by keyboard alone: to the box, through suggestions, to a hit and back", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page, options } = visit;
      await page.keyboard.press("Tab");
      const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
      assert.equal(await focused(), "跳到正文");
      await page.keyboard.press("/");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "q");
      await page.keyboard.insertText("教师");
      await options.first().waitFor();
      const box = page.getByRole("combobox", { name: "检索报告" });
      assert.equal(await box.getAttribute("aria-expanded"), "true");
      await page.getByRole("status").filter({ hasText: "条建议" }).waitFor({ state: "attached" });
      await page.keyboard.press("Escape");
      assert.equal(await box.getAttribute("aria-expanded"), "false");
      assert.equal(await box.inputValue(), "教师", "Escape puts the list away and no more");
      await page.keyboard.press("ArrowDown");
      const first = await options.first().getAttribute("id");
      assert.equal(await box.getAttribute("aria-activedescendant"), first);
      assert.equal(await options.first().getAttribute("aria-selected"), "true");
      assert.deepEqual(await visit.violations(), [], "axe, with the list open");
      await page.keyboard.press("ArrowUp");
      assert.equal(await box.getAttribute("aria-activedescendant"), null);
      assert.equal(await page.evaluate(() => document.activeElement?.id), "q", "the focus stays");
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.searchParams.get("q") === "教师");

      // Past header and filters, to the hits.
      await page.keyboard.press("Tab");
      assert.equal(await focused(), "跳到正文");
      await page.keyboard.press("Enter");
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press("Tab");
        if (await page.evaluate(() => document.activeElement?.matches(".hits h2 a"))) break;
      }
      const ring = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
      assert.notEqual(ring, "none", "the focus shows");
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/passages\//);
      await page.keyboard.press("Control+k");
      assert.equal(await page.evaluate(() => document.activeElement?.id), "q");
      assert.deepEqual(visit.complaints, []);
    },
    CHINESE,
  );
});

test("a suggestion that is a region or theme narrows to it; another is searched for", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page, options } = visit;
      await page.locator("#q").click();
      await page.keyboard.insertText("shanxi");
      const region = options.filter({ hasText: "山西省" }).first();
      await region.waitFor();
      const count = Number(/(\d+)\s*$/.exec(await region.innerText())?.[1]);
      await region.click();
      await page.waitForURL(/province=/);
      assert.equal(await total(visit), count);
      await page.locator("#q").click();
      await page.keyboard.insertText("教师");
      const phrase = options.filter({ hasText: "词语" }).first();
      await phrase.waitFor();
      const text = await phrase.locator(".text").innerText();
      await phrase.click();
      await page.waitForURL((url) => url.searchParams.get("q") === text);
      assert.match(page.url(), /province=/, "what is chosen stays");
    },
    CHINESE,
  );
});

test("suggestions that fail or come late are no trouble", async () => {
  await visit(
    "/",
    async (visit) => {
      const { page, options } = visit;
      /** @type {(() => Promise<void>)[]} */
      const held = [];
      await page.route("**/api/v1/suggest?*", (route) => {
        const text = new URL(route.request().url()).searchParams.get("q");
        if (text === "教") held.push(() => route.continue().catch(() => {}));
        else if (text === "学校") return route.fulfill({ status: 503, body: "{}" });
        else return route.continue();
      });
      await page.locator("#q").click();
      await page.keyboard.insertText("教");
      await page.waitForTimeout(250);
      await page.keyboard.insertText("师");
      await options.first().waitFor();
      await Promise.all(held.map((go) => go()));
      await visit.quiet();
      for (const text of await options.locator(".text").allInnerTexts()) assert.match(text, /教师/);
      await page.locator("#q").fill("学校");
      await visit.quiet();
      assert.equal(await page.locator(".suggestions").isVisible(), false);
      await page.keyboard.press("Enter");
      await page.waitForURL(/%E5%AD%A6%E6%A0%A1/);
    },
    CHINESE,
  );
});

test("a report made of markup stays text wherever it is shown", async () => {
  const places = [
    search({ q: "onerror" }),
    search({ q: "onerror", group: "report", match: "exact" }),
    `${nasty.url}?q=onerror`,
    `${nasty.report.url}?q=onerror`,
    "/map?q=onerror",
    "/matrix?q=onerror",
  ];
  for (const path of places) {
    await visit(
      path,
      async (visit) => {
        await visit.quiet();
        assert.deepEqual(visit.complaints, [], path);
        assert.equal(await visit.page.locator("img, main script, main [onerror]").count(), 0, path);
      },
      CHINESE,
    );
  }
  await visit(
    nasty.report.url,
    async ({ page }) => {
      assert.equal(await page.locator("h1").innerText(), nasty.report.title);
      assert.match(nasty.report.title, /<img src=x onerror=/);
      assert.ok((await page.title()).startsWith(nasty.report.title));
      assert.ok((await page.locator(".cite cite").innerText()).startsWith(nasty.report.title));
    },
    CHINESE,
  );
  await visit(
    "/",
    async (visit) => {
      await visit.page.locator("#q").click();
      await visit.page.keyboard.insertText("<img");
      await visit.quiet();
      await visit.page.keyboard.insertText(" src=x onerror");
      await visit.quiet();
      assert.deepEqual(visit.complaints, []);
      assert.equal(await visit.page.locator("img").count(), 0);
    },
    CHINESE,
  );
});

test("the language is that of the browser, or as chosen, and is remembered", async () => {
  await visit(
    "/",
    async ({ page }) => {
      const lang = () => page.evaluate(() => document.documentElement.lang);
      assert.equal(await lang(), "en");
      await page.getByRole("link", { name: "中文" }).click();
      assert.equal(await lang(), "zh-CN");
      // The address says so, and what it leads to does too.
      await page.locator(".facets li a").first().click();
      assert.match(page.url(), /lang=zh/);
      await page.locator(".hits h2 a").first().click();
      assert.match(page.url(), /lang=zh/);
      await page.locator("#q").fill("教师");
      await page.locator("#q").press("Enter");
      await page.waitForURL(/\?.*q=/);
      assert.match(page.url(), /lang=zh/);
      // An address that does not say so is in the language chosen last.
      await page.goto(new URL("/", SERVICE).href);
      assert.equal(await lang(), "zh-CN");
    },
    { locale: "en-GB" },
  );
});

test("a passage: figures and matches marked, a reference and an address to copy", async () => {
  const { hits } = await json(`/api/v1/search?${new URLSearchParams({ q: "总投资38亿元" })}`);
  await visit(
    `${hits[0].url}?q=${encodeURIComponent("投资")}`,
    async ({ page }) => {
      const figure = page.locator(".prose data.figure", { hasText: "38亿元" });
      assert.equal(await figure.getAttribute("value"), "3800000000");
      assert.ok((await page.locator(".prose mark").count()) > 0);
      await page.locator("details.amounts summary").click();
      const row = page.getByRole("row").filter({ hasText: "38亿元" });
      assert.match(await row.innerText(), /金额[\s\S]*3,800,000,000 元/);
      const [reference] = await page.locator(".cite cite").allInnerTexts();
      assert.match(reference ?? "", /\[R\/OL\]\. \[\d{4}-\d\d-\d\d\]\. http:\/\/.*\/passages\/.*\.$/);
      const copied = () => page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole("button", { name: "复制" }).first().click();
      await page.getByRole("button", { name: "已复制" }).waitFor();
      assert.equal(await copied(), reference);
      await page.getByRole("button", { name: "复制", exact: true }).last().click();
      const address = await copied();
      assert.equal(new URL(address).search, "", "the permalink asks for nothing");
      await page.goto(address);
      assert.match(await page.locator(".prose").innerText(), /38亿元/);
      await page.locator("a[rel=next]").click();
      await page.locator("a[rel=prev]").waitFor();
    },
    { ...CHINESE, permissions: ["clipboard-read", "clipboard-write"] },
  );
});

test("a report: its measures in a table that leads to each", async () => {
  const report = await json(`/api/v1${hit.report.url}`);
  await visit(
    hit.report.url,
    async ({ page }) => {
      const rows = page.locator("table.measures tbody tr");
      assert.equal(await rows.count(), report.passages.length);
      const last = rows.last().getByRole("link").first();
      await last.click();
      const id = decodeURIComponent(new URL(page.url()).hash.slice(1));
      assert.equal(id, report.passages.at(-1).id);
      await page.locator(`[id="${id}"]`).waitFor();
    },
    CHINESE,
  );
});

test("on paper there is the text and where it is from, and nothing to press", async () => {
  await visit(
    `${hit.url}?q=%E4%BA%A4%E6%B5%81`,
    async ({ page }) => {
      await page.emulateMedia({ media: "print" });
      for (const gone of [".top", ".contents", ".neighbours", ".back", ".cite button"])
        assert.equal(await page.locator(gone).first().isVisible(), false, gone);
      for (const kept of ["h1", ".prose", ".origin", ".cite cite"])
        assert.ok(await page.locator(kept).first().isVisible(), kept);
    },
    CHINESE,
  );
});
