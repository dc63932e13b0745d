// Drives a real Chromium over the pages as it is told, and tells what it saw: one line of JSON.
//
// The argument is JSON: where Chromium is, the window, the colours, and steps. Each step is a list
// of a word and what it takes; see `act`.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const asked = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const quiet = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const complaints = [];

// No step waits for long: the pages are served from this machine.
const patience = 20_000;

async function act(page, [word, ...rest]) {
  switch (word) {
    case "goto": {
      const response = await page.goto(new URL(rest[0], asked.url).href);
      return response.status();
    }
    case "fill":
      return void (await page.fill(rest[0], rest[1]));
    case "select":
      return void (await page.selectOption(rest[0], rest[1]));
    case "click":
      await page.click(rest[0]);
      return void (await page.waitForLoadState());
    case "press":
      return void (await page.keyboard.press(rest[0]));
    case "until":
      return void (await page.waitForSelector(rest[0]));
    case "focused":
      return page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
    case "where": {
      const url = new URL(page.url());
      return url.pathname + url.search;
    }
    case "text":
      return page.innerText(rest[0]);
    case "count":
      return page.locator(rest[0]).count();
    case "cookies":
      return (await page.context().cookies()).map(({ name, httpOnly, sameSite, path }) => ({
        name, httpOnly, sameSite, path,
      }));
    case "seen-by-scripts":
      return page.evaluate(() => document.cookie);
    case "overflow":
      return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    case "colour":
      return page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor);
    case "shot":
      return void (await page.screenshot({ path: rest[0], fullPage: true }));
    case "pdf":
      return (await page.pdf({ format: "A4" })).length;
    case "axe": {
      // By way of the debugger, so that the page's own policy does not stand in the way.
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      return found.violations.map(({ id, impact, nodes }) => ({
        id, impact, where: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)),
      }));
    }
    default:
      throw new Error(`no such step: ${word}`);
  }
}

const browser = await chromium.launch({ executablePath: asked.chromium, args: quiet });
try {
  const context = await browser.newContext({
    viewport: { width: asked.width, height: asked.height ?? 900 },
    colorScheme: asked.colours,
    deviceScaleFactor: 1,
    javaScriptEnabled: true,
    locale: "en-GB",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("console", (message) => {
    // Chromium itself tells of a page whose status is not 2xx; the steps ask for that.
    const isAdvice = ["log", "debug", "verbose"].includes(message.type());
    if (!isAdvice && !message.text().startsWith("Failed to load resource")) {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(asked.url)) complaints.push(`elsewhere: ${request.url()}`);
  });
  const told = [];
  for (const step of asked.steps) told.push((await act(page, step)) ?? null);
  console.log(JSON.stringify({ told, complaints }));
} finally {
  await browser.close();
}
