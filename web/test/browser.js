// A browser, the service under test, and a host page of another origin, for the tests beside this
// file. `tests/browser.rs` starts the service and runs them.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after } from "node:test";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContextOptions} ContextOptions */

/** Where the service is. */
export const SERVICE = process.env["CESOU_ADDRESS"] ?? "http://127.0.0.1:8080";

const executablePath = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));
if (!executablePath) throw new Error("no Chromium; set CHROMIUM to its path");

// A container has no room for the sandbox; what runs in it here is ours.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
after(() => browser.close());

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Everything a page asked for and complained about. */
export class Visit {
  /** @type {URL[]} */
  asked = [];
  /** @type {string[]} */
  complaints = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** The box, whatever stood there before the script ran. */
    this.box = page.locator("cesou-search").getByRole("combobox");
    this.options = page.getByRole("option");
    page.on("request", (request) => this.asked.push(new URL(request.url())));
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("dialog", (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("console", (message) => {
      // The icon of a host page is none of our business.
      const ours = !message.location().url.endsWith("/favicon.ico");
      if (message.type() === "error" && ours) this.complaints.push(message.text());
    });
  }

  /** The queries of all searches so far. */
  searches() {
    return this.asked
      .filter((url) => url.pathname === "/api/v1/search")
      .map((url) => url.searchParams.get("q"));
  }

  /** Forgets what was asked so far. */
  reset() {
    this.asked.length = 0;
  }

  /**
   * Waits until nothing that was typed can still become a search: by a timer of the page, which
   * comes after those that were set before it, however busy the machine is.
   */
  async quiet() {
    await this.page.evaluate(() => new Promise((done) => setTimeout(done, 350))).catch(() => {
      // It went to another page meanwhile.
    });
    await this.page.waitForLoadState("networkidle");
  }

  /** What axe-core finds. */
  async violations() {
    await this.page.evaluate(axe);
    return this.page.evaluate(async () => {
      const { violations, incomplete } = await /** @type {any} */ (globalThis).axe.run();
      // Of a text of one letter it only doubts the contrast; here a single digit is a text too.
      const doubted = incomplete
        .filter((/** @type {any} */ found) => found.id === "color-contrast")
        .map((/** @type {any} */ found) => ({
          ...found,
          nodes: found.nodes.filter((/** @type {any} */ node) => {
            const { messageKey, contrastRatio, expectedContrastRatio } = node.any[0]?.data ?? {};
            return messageKey === "shortTextContent" && contrastRatio > 0 && contrastRatio < parseFloat(expectedContrastRatio);
          }),
        }))
        .filter((/** @type {any} */ found) => found.nodes.length);
      return [...violations, ...doubted].map((/** @type {any} */ found) =>
        [found.id, ...found.nodes.map((/** @type {any} */ node) => node.target.join(" "))].join(": "),
      );
    });
  }

  /**
   * Keeps a picture where CESOU_SCREENSHOTS names a folder.
   *
   * @param {string} name
   */
  async picture(name) {
    const folder = process.env["CESOU_SCREENSHOTS"];
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: `${folder}/${name}.png` });
  }
}

/**
 * Opens a page, does something there, and closes it.
 *
 * @param {string} address absolute, or a path of the service
 * @param {(visit: Visit) => Promise<void>} act
 * @param {ContextOptions} [options]
 * @param {(page: Page) => Promise<void>} [before]
 */
export async function visit(address, act, options = {}, before) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const visit = new Visit(page);
    await before?.(page);
    await page.goto(new URL(address, SERVICE).href, { waitUntil: "networkidle" });
    await act(visit);
  } finally {
    await context.close();
  }
}

/**
 * Serves a page from an origin of its own while something is done there.
 *
 * @param {string} body
 * @param {Record<string, string>} headers
 * @param {(address: string) => Promise<void>} act
 */
export async function hosted(body, headers, act) {
  const server = createServer((request, response) => {
    if (request.url === "/favicon.ico") return response.writeHead(204).end();
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...headers });
    response.end(`<!doctype html><html lang="zh-CN"><head><title>host</title></head><body>${body}</body></html>`);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(undefined)));
  const address = server.address();
  try {
    await act(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/**
 * Composes a text as an input method does, step by step, and leaves it composing.
 *
 * @param {Visit} visit
 * @param {string[]} steps
 */
export async function compose({ page }, steps) {
  const session = await page.context().newCDPSession(page);
  for (const text of steps) {
    await session.send("Input.dispatchKeyEvent", {
      type: "rawKeyDown",
      key: "Process",
      windowsVirtualKeyCode: 229,
    });
    await session.send("Input.imeSetComposition", {
      text,
      selectionStart: text.length,
      selectionEnd: text.length,
    });
    // Longer than is waited for more typing.
    await page.waitForTimeout(200);
  }
  return session;
}
