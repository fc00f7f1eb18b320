// The widget as people meet it, in a real browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVICE, Visit, hosted, visit } from "./browser.js";

const DEMO = "/embed/demo";
const SCRIPT = `<script type="module" src="${SERVICE}/embed/v1/cesou.js"></script>`;

test("results as you type: one request for a word, counted and announced", async () => {
  await visit(DEMO, async (visit) => {
    const { page, box, options } = visit;
    visit.reset();
    // However slowly it is typed here, by the clock of the page it takes no time.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await box.pressSequentially("教师交流");
    assert.deepEqual(visit.searches(), []);
    await page.clock.resume();
    await options.first().waitFor();
    assert.deepEqual(visit.searches(), ["教师交流"]);
    assert.match(String(await options.first().textContent()), /教师|交流/);
    assert.match(
      String(await page.locator("cesou-search").getByRole("status").textContent()),
      /^共 \d+ 条结果，列出 \d 条/,
    );
    assert.equal(await box.getAttribute("aria-expanded"), "true");
    await visit.picture("search");
    assert.deepEqual(visit.complaints, []);
  });
});

test("the keyboard alone: shortcut, arrows, Enter, Escape, Tab", async () => {
  await visit(DEMO, async (visit) => {
    const { page, box, options } = visit;
    const focused = () => page.evaluate(() => document.activeElement?.localName);
    await page.keyboard.press("Control+k");
    assert.equal(await focused(), "cesou-search");
    await page.keyboard.type("教师");
    await options.first().waitFor();
    await visit.quiet();
    const count = await options.count();
    assert.ok(count > 2);
    for (let at = 0; at < count; at += 1) {
      await page.keyboard.press("ArrowDown");
      assert.equal(await box.getAttribute("aria-activedescendant"), `option-${at}`);
      assert.equal(await options.nth(at).getAttribute("aria-selected"), "true");
      assert.equal(await page.locator("[aria-selected=true]").count(), 1);
    }
    // Past the last one comes the box, then the first again; and backwards.
    await page.keyboard.press("ArrowDown");
    assert.equal(await box.getAttribute("aria-activedescendant"), null);
    await page.keyboard.press("ArrowUp");
    assert.equal(await box.getAttribute("aria-activedescendant"), `option-${count - 1}`);
    await page.keyboard.press("Escape");
    assert.equal(await box.getAttribute("aria-expanded"), "false");
    assert.equal(await box.inputValue(), "教师", "the first Escape only closes");
    await page.keyboard.press("ArrowDown");
    assert.equal(await box.getAttribute("aria-expanded"), "true");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    assert.equal(await box.inputValue(), "", "the second one clears");
    await page.keyboard.type("教师");
    await options.first().waitFor();
    await visit.quiet();
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "cesou-search", "the focus has not moved");
    const to = String(await options.first().getAttribute("href"));
    await page.keyboard.press("Enter");
    await page.waitForURL(to);
    assert.match(page.url(), /\/passages\/[^?]+\?q=%E6%95%99%E5%B8%88$/);
  });
  await visit(DEMO, async ({ page, box, options }) => {
    await box.fill("教师");
    await options.first().waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await options.first().waitFor({ state: "hidden" });
    assert.notEqual(await page.evaluate(() => document.activeElement?.localName), "cesou-search");
  });
});

test("a request that is superseded is aborted, and its answer never shown", async () => {
  /** @type {() => void} */
  let release = () => {};
  const released = new Promise((done) => (release = () => done(undefined)));
  await visit(
    DEMO,
    async (visit) => {
      /** @type {string[]} */
      const aborted = [];
      visit.page.on("requestfailed", (request) =>
        aborted.push(new URL(request.url()).searchParams.get("q") ?? ""),
      );
      const asked = visit.page.waitForRequest("**/api/v1/search?**");
      await visit.box.fill("山西");
      await asked;
      assert.deepEqual(visit.searches().slice(-1), ["山西"]);
      await visit.box.fill("督学责任区");
      await visit.options.first().waitFor();
      assert.deepEqual(aborted, ["山西"]);
      release();
      await visit.quiet();
      assert.match(String(await visit.options.first().textContent()), /督学责任区/);
    },
    {},
    async (page) => {
      await page.route("**/api/v1/search?**", async (route) => {
        const slow = new URL(route.request().url()).searchParams.get("q") === "山西";
        if (slow) await released;
        await route.continue().catch(() => {});
      });
    },
  );
});

test("slow and failed answers are calm, and can be tried again", async () => {
  /** @type {(route: import("playwright-core").Route) => Promise<void>} */
  let answer = (route) => route.continue();
  await visit(
    DEMO,
    async (visit) => {
      const { page, box, options } = visit;
      const search = page.locator("cesou-search");
      answer = async (route) => {
        await new Promise((done) => setTimeout(done, 900));
        await route.continue();
      };
      await box.fill("教师");
      await search.locator(".waiting").waitFor();
      await visit.picture("slow");
      await options.first().waitFor();
      assert.equal(await search.locator(".waiting").count(), 0);

      answer = (route) => route.abort("connectionrefused");
      await box.fill("教师交流");
      const retry = search.getByRole("button", { name: "重试" });
      await retry.waitFor();
      assert.match(String(await search.getByRole("status").textContent()), /连不上/);
      await visit.picture("failed");
      answer = (route) => route.continue();
      await retry.click();
      await options.first().waitFor();

      answer = (route) => route.fulfill({ status: 503, json: { code: "overloaded", detail: "-" } });
      await box.fill("教师轮岗");
      await search.getByText("搜索的人较多").first().waitFor();
      answer = (route) => route.fulfill({ status: 403, json: { code: "forbidden", detail: "-" } });
      await box.fill("教师培训");
      await search.getByText("没有搜索权限").first().waitFor();
      answer = (route) => route.fulfill({ status: 200, body: "<html>not what was asked for" });
      await box.fill("教师");
      await search.getByText("暂时不可用").first().waitFor();
    },
    {},
    async (page) => {
      await page.route("**/api/v1/search?**", (route) => answer(route));
    },
  );
});

test("a report that looks like markup is text", async () => {
  for (const path of [DEMO, "/embed/demo/strict"]) {
    await visit(path, async (visit) => {
      const { page, box, options } = visit;
      await box.fill("onerror");
      await options.first().waitFor();
      assert.match(String(await options.first().textContent()), /<img src=x onerror=/);
      await page.keyboard.press("Enter");
      const list = page.locator("cesou-results").getByRole("listitem");
      await list.getByText("<img src=x").first().waitFor();
      await visit.quiet();
      assert.equal(await page.locator("img, iframe, script:not([src])").count(), 0);
      assert.ok(visit.asked.every((url) => !url.pathname.endsWith("/x")));
      assert.deepEqual(visit.complaints, []);
      await box.fill("<img src=x onerror=alert(1)>没有的");
      await visit.quiet();
      assert.equal(await page.locator("img").count(), 0);
      assert.deepEqual(visit.complaints, []);
    });
  }
});

test("strict policies: nothing inline, no strings that become markup", async () => {
  await visit("/embed/demo/strict", async (visit) => {
    await visit.box.fill("jiaoshi");
    await visit.options.first().waitFor();
    await visit.picture("strict");
    assert.deepEqual(visit.complaints, []);
    assert.match(String(await visit.page.locator("cesou-search .notes").textContent()), /read as/);
  });
  const policy = `default-src 'none'; script-src ${SERVICE}; connect-src ${SERVICE}`;
  await hosted(
    `${SCRIPT}<cesou-search></cesou-search><cesou-results></cesou-results>`,
    { "Content-Security-Policy": policy },
    async (address) => {
      await visit(address, async (visit) => {
        await visit.box.fill("教师");
        await visit.options.first().waitFor();
        const height = (await visit.box.boundingBox())?.height ?? 0;
        assert.ok(height > 30, "the styles are in force");
        await visit.page.keyboard.press("Enter");
        await visit.page.locator("cesou-results").getByRole("listitem").first().waitFor();
        assert.deepEqual(visit.complaints, []);
        const elsewhere = visit.asked.filter((url) => ![SERVICE, new URL(address).origin].includes(url.origin));
        assert.deepEqual(elsewhere, [], "nothing is sent to third parties");
      });
    },
  );
});

test("a hostile page changes nothing in it", async () => {
  /** @param {Visit} visit */
  const looks = async ({ page, box, options }) => {
    await box.fill("教师");
    await options.first().waitFor();
    return page.evaluate(() => {
      const shadow = document.querySelector("cesou-search")?.shadowRoot;
      const results = document.querySelector("cesou-results")?.shadowRoot;
      const names = [
        "display", "color", "fontSize", "fontStyle", "letterSpacing", "lineHeight", "textTransform",
        "textAlign", "direction", "textIndent", "whiteSpace", "visibility", "cursor", "textShadow",
        "paddingLeft", "borderTopStyle", "opacity", "wordSpacing", "fontFamily", "listStyleType",
      ];
      return [
        shadow?.querySelector("input"),
        shadow?.querySelector(".box"),
        shadow?.querySelector("mark"),
        shadow?.querySelector("[role=option] .heading"),
        results?.querySelector(".heading a"),
        results?.querySelector("li"),
        results?.querySelector("label"),
        results?.querySelector(".snippet"),
      ].map((element) => {
        if (!element) return "missing";
        const style = /** @type {any} */ (getComputedStyle(element));
        const { height } = element.getBoundingClientRect();
        const tall = element.localName === "input" ? Math.round(height) : 0;
        return [element.localName, tall, ...names.map((name) => `${name}: ${style[name]}`)].join("; ");
      });
    });
  };
  /** @type {string[]} */
  let plain = [];
  await visit("/embed/demo/strict", async (visit) => {
    plain = await looks(visit);
  });
  await visit("/embed/demo/hostile", async (visit) => {
    assert.deepEqual(await looks(visit), plain);
    await visit.picture("hostile");
  });
  assert.ok(!plain.includes("missing"));
});

test("results: filter, pages, back and forward, a bookmark", async () => {
  await visit(DEMO, async (visit) => {
    const { page, box } = visit;
    const results = page.locator("cesou-results");
    const said = results.getByRole("status");
    const list = results.getByRole("listitem");
    await list.first().waitFor();
    await box.fill("教师");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\?q=/);
    await said.getByText(/^共 \d+ 条/).waitFor();
    await visit.quiet();
    const all = String(await said.textContent());
    const facet = results.getByRole("checkbox").first();
    const label = String(await facet.locator("xpath=..").locator("span").textContent());
    const count = String(await facet.locator("xpath=..").locator("data").textContent());
    await facet.focus();
    await page.keyboard.press("Space");
    await said.getByText(`共 ${count} 条结果`, { exact: true }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("q.province"), label);
    assert.equal(
      await page.evaluate(() => document.querySelector("cesou-results")?.shadowRoot?.activeElement?.localName),
      "input",
      "the focus stays on what was pressed",
    );
    for (const title of await list.locator(".origin, .heading").allTextContents())
      if (title.includes(":")) assert.ok(title.startsWith(label), title);
    const kept = page.url();
    await page.goBack();
    await said.getByText(all, { exact: true }).waitFor();
    assert.equal(await results.locator("input:checked").count(), 0);
    await page.goForward();
    await said.getByText(`共 ${count} 条结果`, { exact: true }).waitFor();
    await page.goto(kept);
    await said.getByText(`共 ${count} 条结果`, { exact: true }).waitFor();
    await results.getByRole("button", { name: "清除筛选" }).click();
    await said.getByText(all, { exact: true }).waitFor();
    await results.getByRole("button", { name: "下一页" }).click();
    await page.waitForURL(/q\.page=2/);
    await results.getByText(/^第 2 页/).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.localName), "cesou-results");
    await page.goBack();
    await results.getByText(/^第 1 页/).waitFor();
  });
});

test("attributes: filter, limit, link-template, results-url, open-in, key, lang, events", async () => {
  const elements = `<cesou-search filter="province=山西省" limit="1" lang="en" key="cesou_test"
    link-template="/read/{report}/{id}?w={query}" results-url="/found?tab=1" open-in="none"
    shortcut="/" debounce="0"></cesou-search>`;
  await hosted(SCRIPT + elements, {}, async (address) => {
    await visit(address, async (visit) => {
      const { page, box, options } = visit;
      await page.evaluate(() => {
        const events = /** @type {any[]} */ ((/** @type {any} */ (globalThis).events = []));
        for (const name of ["cesou-results", "cesou-select", "cesou-submit", "cesou-error"])
          document.addEventListener(name, (event) =>
            events.push([name, /** @type {CustomEvent} */ (event).detail]),
          );
      });
      /** @type {Record<string, string>} */
      let headers = {};
      page.on("request", (request) => {
        if (request.method() === "GET") headers = request.headers();
      });
      // The server knows no such key and would refuse it; what is sent is what matters here.
      await page.route(/\/api\/v1\/(search|events)/, async (route) => {
        const { "x-api-key": _, ...others } = route.request().headers();
        await route.continue({ headers: others });
      });
      await page.keyboard.press("/");
      await page.keyboard.type("教师");
      await options.first().waitFor();
      await visit.quiet();
      const search = visit.asked.filter((url) => url.pathname === "/api/v1/search").at(-1);
      assert.equal(search?.searchParams.get("province"), "山西省");
      assert.equal(search?.searchParams.get("per_page"), "1");
      assert.ok(!String(search).includes("cesou_test"), "a key is never in an address");
      assert.equal(headers["x-api-key"], "cesou_test");
      assert.match(String(await options.first().getAttribute("href")), /\/read\/[\w-]+\/[\w-]+\?w=%E6%95%99%E5%B8%88$/);
      assert.match(String(await options.last().textContent()), /^See all \d+ results$/);
      assert.match(String(await options.last().getAttribute("href")), /\/found\?tab=1&q=/);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await visit.quiet();
      assert.equal(page.url(), address, "open-in=none opens nothing");
      const events = /** @type {[string, any][]} */ (
        await page.evaluate(() => /** @type {any} */ (globalThis).events)
      );
      const names = events.map(([name]) => name);
      assert.deepEqual([...new Set(names)], ["cesou-results", "cesou-select", "cesou-submit"]);
      const selected = events.find(([name]) => name === "cesou-select")?.[1];
      assert.equal(selected.query, "教师");
      assert.equal(selected.hit.region.province, "山西省");
      // A template may not lead to a script.
      await page.locator("cesou-search").evaluate((element) => {
        element.setAttribute("link-template", "javascript:alert(1)//{id}");
      });
      await box.fill("交流");
      await visit.quiet();
      assert.equal(await options.first().getAttribute("href"), null);
      assert.deepEqual(visit.complaints, []);
    });
  });
});

test("without JavaScript there is what the page put into the element", async () => {
  await visit(
    DEMO,
    async ({ page }) => {
      const box = page.locator("cesou-search form input");
      await box.fill("教师");
      await box.press("Enter");
      await page.waitForURL(/\/\?q=/);
      assert.match(String(await page.locator(".hits").textContent()), /教师/);
    },
    { javaScriptEnabled: false },
  );
});

test("a frame, for sites that allow no script", async () => {
  const frame = `<iframe src="${SERVICE}/embed/frame?limit=3&lang=en&filter=province%3D%E5%B1%B1%E8%A5%BF%E7%9C%81" title="search" width="700" height="500"></iframe>`;
  await hosted(frame, { "Content-Security-Policy": `default-src 'none'; frame-src ${SERVICE}` }, async (address) => {
    await visit(address, async (visit) => {
      const results = visit.page.frameLocator("iframe").locator("cesou-results");
      await results.getByRole("listitem").first().waitFor();
      assert.equal(await results.getByRole("listitem").count(), 3);
      assert.match(String(await results.getByRole("status").textContent()), /results$/);
      assert.equal(await results.locator(".heading a").first().getAttribute("target"), "_blank");
      assert.deepEqual(visit.complaints, []);
    });
  });
});

test("the manifest's hash is that of what is served, on both paths", async () => {
  const manifest = await (await fetch(`${SERVICE}/embed/manifest.json`)).json();
  const { path, integrity } = manifest.versions[manifest.current];
  for (const at of [path, "/embed/v1/cesou.js"]) {
    const script = `<script type="module" src="${SERVICE}${at}" integrity="${integrity}" crossorigin></script>`;
    await hosted(`${script}<cesou-search></cesou-search>`, {}, async (address) => {
      await visit(address, async (visit) => {
        await visit.box.fill("教师");
        await visit.options.first().waitFor();
        assert.deepEqual(visit.complaints, []);
      });
    });
  }
});

test("axe finds nothing, with the list open, wide and narrow, light and dark", async () => {
  let found = 0;
  for (const path of [DEMO, "/embed/demo/strict", "/embed/frame"]) {
    for (const width of [1200, 320]) {
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        await visit(
          path,
          async (visit) => {
            if (path !== "/embed/frame") {
              await visit.box.fill("教师交流");
              await visit.options.first().waitFor();
              await visit.page.keyboard.press("ArrowDown");
            } else if (width < 400) {
              await visit.page.getByRole("button", { name: "筛选" }).click();
            }
            await visit.page.waitForTimeout(200);
            await visit.picture(`${path.slice(1).replaceAll("/", "-")}-${width}-${colorScheme}`);
            const violations = await visit.violations();
            found += violations.length;
            assert.deepEqual(violations, [], `${path} at ${width}, ${colorScheme}`);
          },
          { viewport: { width, height: 800 }, colorScheme },
        );
      }
    }
  }
  console.log(`axe violations: ${found}`);
});

test("at 320 pixels nothing is cut off and nothing scrolls sideways", async () => {
  for (const path of [DEMO, "/embed/demo/strict", "/embed/frame"]) {
    await visit(
      path,
      async (visit) => {
        if (path !== "/embed/frame") {
          await visit.box.fill("教师交流");
          await visit.options.first().waitFor();
          const panel = await visit.page.locator("cesou-search .panel").boundingBox();
          assert.ok(panel && panel.x >= 0 && panel.x + panel.width <= 320, JSON.stringify(panel));
        }
        const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= 320, `${path} is ${wide} wide`);
      },
      { viewport: { width: 320, height: 640 } },
    );
  }
});

test("dark where the page is dark, light on a page that knows no dark", async () => {
  /** @param {Visit} visit */
  const paper = ({ page }) =>
    page.evaluate(() => {
      const box = document.querySelector("cesou-search")?.shadowRoot?.querySelector(".box");
      return box && getComputedStyle(box).backgroundColor;
    });
  const dark = "rgb(32, 31, 29)";
  const light = "rgb(255, 255, 255)";
  await visit(DEMO, async (visit) => assert.equal(await paper(visit), dark), { colorScheme: "dark" });
  for (const { attribute, seen } of [
    { attribute: "", seen: light },
    { attribute: "theme=auto", seen: dark },
    { attribute: "theme=dark", seen: dark },
  ]) {
    await hosted(`${SCRIPT}<cesou-search ${attribute}></cesou-search>`, {}, async (address) => {
      await visit(address, async (visit) => assert.equal(await paper(visit), seen, attribute), {
        colorScheme: "dark",
      });
    });
  }
});
