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

// What is cut off or sticks out, each in words, and which tables have to be scrolled. A scroll
// region is no excuse by itself: it must be reached by keys, have a name, and keep its rows' names.
function cut() {
  const faults = [];
  const scrolled = [];
  const aside = ".unseen, .skip, svg, option, details:not([open]) > :not(summary)";
  const named = (one) => `${one.tagName.toLowerCase()} "${one.textContent.trim().slice(0, 40)}"`;
  for (const one of document.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    if (one.closest(aside) || !box.width || !box.height) continue;
    const style = getComputedStyle(one);
    const isWider = one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1;
    if (["auto", "scroll"].includes(style.overflowX)) {
      if (!isWider) continue;
      const name = one.getAttribute("aria-label") ?? one.getAttribute("aria-labelledby");
      scrolled.push(name ?? named(one));
      if (one.tabIndex < 0 || one.getAttribute("role") !== "region" || !name) {
        faults.push(`no scroll region: ${named(one)}`);
      }
      for (const head of one.querySelectorAll("tbody th")) {
        if (getComputedStyle(head).position !== "sticky") faults.push(`scrolls off: ${named(head)}`);
        if (head.offsetWidth > one.clientWidth / 2) faults.push(`leaves no room: ${named(head)}`);
      }
      continue;
    }
    if (isWider && style.overflowX !== "visible") faults.push(`cut: ${named(one)}`);
    const around = one.parentElement.closest(":not(a, b, span, data, time)");
    const isInside = getComputedStyle(around).overflowX !== "visible";
    if (!isInside && box.right > around.getBoundingClientRect().right + 1) {
      faults.push(`sticks out: ${named(one)}`);
    }
  }
  return { faults: faults.slice(0, 8), scrolled };
}

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
    case "cut":
      return page.evaluate(cut);
    case "colour":
      return page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor);
    case "shot":
      return void (await page.screenshot({ path: rest[0], fullPage: true }));
    case "paper":
      // What a printer is given: A4, less its margins.
      await page.emulateMedia({ media: "print" });
      return void (await page.setViewportSize({ width: 718, height: 1016 }));
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
