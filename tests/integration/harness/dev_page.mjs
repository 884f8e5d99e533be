// The web page of `carillon dev` in Chromium, and what is read from its cards.
import { mkdirSync } from "node:fs";
import path from "node:path";

import { ROOT, until } from "./process.mjs";

const SCREENSHOTS = path.join(ROOT, "build/screenshots");

// Opens the page of a `dev`, and notes every request, every error of its scripts and every error on its console.
export async function openDevPage(t, browser, dev, { colorScheme = "light", width = 1280, height = 900, host = "127.0.0.1" } = {}) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, permissions: ["clipboard-read", "clipboard-write"] });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const opened = new DevPage(page, { colorScheme, width });
  page.on("pageerror", (error) => opened.errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && opened.errors.push(message.text()));
  page.on("request", (request) => opened.requests.push(request.url()));
  page.on("websocket", (socket) => opened.requests.push(socket.url()));
  await page.goto(`http://${host}:${dev.port}/`);
  await page.locator(".card").first().waitFor();
  return opened;
}

class DevPage {
  constructor(page, look) {
    Object.assign(this, { page, look, requests: [], errors: [] });
  }

  // The part of a card that a selector finds.
  of(protocol, selector) {
    return this.page.locator(`#protocol-${protocol} ${selector}`);
  }

  names() {
    return this.page.locator(".card .name").allTextContents();
  }

  events(protocol) {
    return this.of(protocol, ".events .brief").allTextContents();
  }

  state(protocol) {
    return this.of(protocol, ".state-text").textContent();
  }

  waitForState(protocol, pattern, timeoutMs = 20_000) {
    let last;
    return until(() => `${protocol} is ${pattern}, it is: ${last}`, async () => pattern.test(last = await this.state(protocol)), { timeoutMs });
  }

  waitForEvent(protocol, text, timeoutMs = 20_000) {
    return until(`an event of ${protocol} with ${text}`, async () => (await this.events(protocol)).some((each) => each.includes(text)), { timeoutMs });
  }

  tab(protocol, name) {
    return this.of(protocol, `.tabs button:text-is("${name}")`).click();
  }

  // By how much the page is wider than its window.
  overflow() {
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }

  async screenshot(name) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const { colorScheme, width } = this.look;
    await this.page.screenshot({ path: path.join(SCREENSHOTS, `dev-${name}-${colorScheme}-${width}.png`), fullPage: true });
  }
}
