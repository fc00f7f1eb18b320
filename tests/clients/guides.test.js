// The guides of `docs/`, followed to the letter: the code is taken out of them, hosts and keys put
// in, and what a reader would then see is looked at. A guide that goes wrong fails here.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { ADMIN_KEY, SEARCH_KEY } from "./service.js";

const SERVICE = process.env.CESOU_ADDRESS;

/** The blocks of code of a guide that are in `language`, with the service and the key put in. */
function blocks(guide, language, { host = SERVICE, key = SEARCH_KEY } = {}) {
  const text = readFileSync(new URL(`../../docs/${guide}.md`, import.meta.url), "utf8");
  const found = [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```/gm)];
  return found
    .filter(([, own]) => own === language)
    .map(([, , code]) =>
      code.replaceAll("https://search.example.org", host).replaceAll("cesou_…", key),
    );
}

/** The one block that holds `part`. */
function block(guide, language, part, put) {
  const found = blocks(guide, language, put).filter((code) => code.includes(part));
  assert.equal(found.length, 1, `${guide}.md has ${found.length} blocks of ${language} with ${part}`);
  return found[0];
}

const executablePath = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

// A container has no room for the sandbox; what runs in it here is ours.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
after(() => browser.close());

const servers = [];
after(() => servers.forEach((server) => server.close()));

/** A site of another origin that shows `pages`, by path, with the headers given. */
async function site(pages, headers = {}) {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url, "http://site").pathname];
    if (page === undefined) {
      response.writeHead(404).end();
      return;
    }
    const isScript = request.url.endsWith(".js");
    response.writeHead(200, {
      "content-type": `text/${isScript ? "javascript" : "html"}; charset=utf-8`,
      ...headers,
    });
    response.end(page);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  servers.push(server);
  return `http://127.0.0.1:${server.address().port}`;
}

/** A page at `address` that is to make no complaint. */
async function visit(address) {
  const page = await browser.newPage();
  // A machine busy with other tests is slow, and that is not what is tested here.
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isOurs = !message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && isOurs) complaints.push(message.text());
  });
  await page.goto(address);
  return { page, done: () => page.close().then(() => assert.deepEqual(complaints, [])) };
}

/** Makes a key that only `origin` may use, as the guides say one should. */
async function keyFor(origin) {
  const answer = await fetch(`${SERVICE}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "our site", origins: [origin] }),
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return JSON.parse(text).key;
}

/** What the list of results on `page`, or in a frame of it, shows for a query. */
async function searches(page) {
  const box = page.locator("cesou-results input:visible").first();
  await box.fill("教师交流");
  await box.press("Enter");
  await page.locator("cesou-results mark").first().waitFor();
}

const frame = (body) => `<!doctype html><meta charset="utf-8"><title>我们的网站</title>${body}`;

describe("embed.md", () => {
  test("two lines", async () => {
    // The service of the tests wants a key; the guide's needs none.
    const code = block("embed", "html", "<cesou-search");
    const withKey = code.replace("<cesou-search", `<cesou-search key="${SEARCH_KEY}"`);
    const origin = await site({ "/": frame(withKey) });
    const { page, done } = await visit(`${origin}/`);
    await page.getByRole("combobox").first().fill("教师交流");
    await page.getByRole("option").first().waitFor();
    await done();
  });

  test("with a key of the site's own, and hits that lead to pages of its own", async () => {
    const pages = {};
    const origin = await site(pages);
    const key = await keyFor(origin);
    pages["/"] = frame(block("embed", "html", "<cesou-results", { key }));
    const { page, done } = await visit(`${origin}/`);
    await searches(page);
    const link = await page.locator("cesou-results a[href*='#']").first().getAttribute("href");
    assert.match(new URL(link, origin).pathname, /^\/reports\//);
    await done();
    // The same key from elsewhere is of no use.
    const answer = await fetch(`${SERVICE}/api/v1/search?q=教师`, {
      headers: { authorization: `Bearer ${key}`, origin: "https://elsewhere.example" },
    });
    assert.equal(answer.status, 403);
  });

  test("the pages that are hostile to it", async () => {
    const text = readFileSync(new URL("../../docs/embed.md", import.meta.url), "utf8");
    const named = [...text.matchAll(/`(\/embed\/[a-z/.]+)`/g)].map(([, path]) => path);
    assert.ok(named.length >= 4, named.join());
    for (const path of named) assert.ok((await fetch(SERVICE + path)).ok, path);
  });
});

describe("website.md", () => {
  test("WordPress keeps both elements of the block", async () => {
    const origin = await site({ "/": frame(block("website", "html", "<cesou-results")) });
    const { page, done } = await visit(`${origin}/`);
    await searches(page);
    await done();
  });

  test("the frame, which needs no script on the page", async () => {
    const pages = { "/": frame(block("website", "html", "<iframe")) };
    const origin = await site(pages, { "content-security-policy": "script-src 'none'" });
    const { page, done } = await visit(`${origin}/`);
    await searches(page.frameLocator("iframe"));
    await done();
  });

  test("a strict content security policy", async () => {
    const policy = block("website", "", "script-src").trim();
    const pages = { "/": frame(block("website", "html", "<cesou-results")) };
    const origin = await site(pages, { "content-security-policy": `default-src 'none'; ${policy}` });
    const { page, done } = await visit(`${origin}/`);
    await searches(page);
    await done();
  });

  test("a form without any script leads to the pages", async () => {
    const origin = await site({ "/": frame(block("website", "html", "<form")) });
    const page = await browser.newPage({ javaScriptEnabled: false });
    page.setDefaultTimeout(60_000);
    await page.goto(`${origin}/`);
    await page.locator("input[name=q]").fill("教师");
    await page.getByRole("button").click();
    const asked = new URL(page.url());
    assert.equal(asked.origin, new URL(SERVICE).origin);
    assert.equal(asked.searchParams.get("q"), "教师");
    assert.equal(asked.searchParams.get("province"), "河北省");
    await page.close();
  });
});

describe("instantsearch.md", () => {
  let address;

  before(async () => {
    const { outputFiles } = await build({
      stdin: { contents: block("instantsearch", "js", "search.start()"), resolveDir: "." },
      bundle: true,
      write: false,
      platform: "browser",
      logLevel: "error",
    });
    const places = ["box", "hits", "theme", "region", "year", "sort", "pages"];
    const body = places.map((id) => `<div id="${id}"></div>`).join("");
    const origin = await site({
      "/": frame(`${body}<script src="/page.js"></script>`),
      "/page.js": outputFiles[0].text,
    });
    address = `${origin}/`;
  });

  test("the page of the guide searches and marks", async () => {
    const { page, done } = await visit(address);
    await page.locator("#box input").fill("教师交流");
    await page.locator("#hits mark").first().waitFor();
    assert.ok((await page.locator("#theme li").count()) > 0);
    assert.ok((await page.locator("#region li").count()) > 0);
    const link = await page.locator("#hits a").first().getAttribute("href");
    assert.ok(link.startsWith(`${SERVICE}/`), link);
    await done();
  });

  test("what it says to install is what is tested", () => {
    const own = JSON.parse(readFileSync("package.json", "utf8")).devDependencies;
    const [line] = blocks("instantsearch", "sh");
    const named = [...line.matchAll(/((?:@[\w-]+\/)?[\w.-]+)@(\d[\w.]*)/g)];
    assert.ok(named.length >= 4, line);
    for (const [, name, version] of named) assert.equal(own[name], version, name);
  });
});

describe("agent.md", () => {
  const [http, stdio] = blocks("agent", "json").map((code) => JSON.parse(code).mcpServers.cesou);
  const hello = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "guides", version: "1" },
    },
  };

  test("the configuration for an assistant over HTTP", async () => {
    assert.equal(http.type, "http");
    const answer = await fetch(http.url, {
      method: "POST",
      headers: {
        ...http.headers,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify(hello),
    });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /"serverInfo"/);
  });

  test("the configuration for one that starts the program", async () => {
    // Where the guide has an installation's paths, those of this machine.
    const args = stdio.args.flatMap((argument) =>
      argument === "--config"
        ? ["--corpus", process.env.CESOU_CORPUS, "--index", process.env.CESOU_INDEX]
        : argument === "/srv/cesou/config.toml"
          ? []
          : [argument],
    );
    assert.equal(stdio.command, "/usr/local/bin/cesou");
    // Without the variables of these tests, which would be taken for settings.
    const program = spawn(process.env.CESOU_PROGRAM, args, { env: { PATH: process.env.PATH } });
    let answered = "";
    let complaints = "";
    program.stdout.on("data", (part) => (answered += part));
    program.stderr.on("data", (part) => (complaints += part));
    program.stdin.end(`${JSON.stringify(hello)}\n`);
    const status = await new Promise((done) => program.once("close", done));
    assert.equal(status, 0, complaints);
    assert.match(answered, /"serverInfo"/);
  });
});

describe("from-like.md", () => {
  test("what MySQL exports is read", async () => {
    // The fields of the object the guide has the database make, in a report of our own.
    const statement = block("from-like", "sh", "JSON_OBJECT");
    const fields = [...statement.matchAll(/'([a-z]+)', /g)].map(([, field]) => field);
    assert.deepEqual(fields, ["id", "title", "text", "region", "date", "issuer"]);
    const row = {
      id: 42,
      title: "关于教师交流轮岗的报告",
      text: "一、推进教师交流轮岗\n全县教师每六年交流一次。",
      region: "芦溪县",
      date: "2016-11-24",
      issuer: "芦溪县教育局",
    };
    const answer = await fetch(`${SERVICE}/api/v1/reports?wait=30s`, {
      method: "POST",
      headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/x-ndjson" },
      body: `${JSON.stringify(row)}\n`,
    });
    const text = await answer.text();
    assert.ok(answer.ok, text);
    const found = await fetch(`${SERVICE}/api/v1/search?q=${encodeURIComponent("每六年交流一次")}`, {
      headers: { authorization: `Bearer ${SEARCH_KEY}` },
    });
    const { hits } = await found.json();
    assert.equal(hits[0].report.title, row.title);
    assert.equal(hits[0].region.county, "芦溪县");
  });
});
