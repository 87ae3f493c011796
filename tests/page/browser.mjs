// The browser that looks at the page.

import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { PICTURES, TARGET } from "./programs.mjs";

export const require = createRequire(path.join(TARGET, "page", "package.json"));
const { chromium } = require("playwright-core");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Opens a browser with nothing in it, and closes it when the check is over. */
export async function browsing(look, check) {
  const folder = await mkdtemp(path.join(PICTURES, "browser-"));
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: "/usr/bin/chromium", args: FLAGS, headless: true, colorScheme: look.colorScheme, viewport: look.viewport });
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    const seen = { requests: [], complaints: [] };
    page.on("request", (request) => seen.requests.push(request.url()));
    // That a page has another status than 200 is what some of them are for.
    page.on("console", (message) => {
      if (!/Failed to load resource.*(400|404)/.test(message.text())) seen.complaints.push(message.text());
    });
    page.on("pageerror", (error) => seen.complaints.push(String(error)));
    await check(page, seen);
  } finally {
    await browser.close();
  }
}
