// Chromium, headless, on a page that is served over http, as an application's own page would be.
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";

import { ROOT } from "./process.mjs";
import { RealClient } from "./real_client.mjs";

const PAGES = path.join(ROOT, "tests/clients/browser");
const EXECUTABLE = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => existsSync(file));

// Serves tests/clients/browser on a free port of loopback; the URL of a page.
async function servePages(t) {
  const server = http.createServer((request, response) => {
    const file = path.join(PAGES, path.basename(request.url));
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return (page) => `http://localhost:${server.address().port}/${page}`;
}

// The pin of a certificate: the browser takes this key and no other that it does not know.
const pin = (certificate) => createHash("sha256")
  .update(new X509Certificate(certificate.ca).publicKey.export({ type: "spki", format: "der" })).digest("base64");

// A browser that goes away with the test.
export async function launchBrowser(t, { certificate } = {}) {
  process.env.PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD = "1";
  const { chromium } = await import("playwright-core");
  if (!EXECUTABLE) throw new Error("there is no Chromium: apt-get install chromium");
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    timeout: 90_000,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
      ...(certificate ? [`--ignore-certificate-errors-spki-list=${pin(certificate)}`] : [])],
  });
  t.after(() => browser.close());
  return browser;
}

// A page in a browser of its own. Its script errors fail the test.
export async function openPage(t, page, options = {}) {
  const address = await servePages(t);
  const browser = await launchBrowser(t, options);
  const errors = [];
  t.after(() => {
    if (errors.length > 0) throw new Error(`the page's script failed: ${errors.join("; ")}`);
  });
  const opened = await browser.newPage();
  opened.setDefaultTimeout(60_000);
  opened.on("pageerror", (error) => errors.push(error.message));
  await opened.goto(address(page), { timeout: 60_000 });
  return opened;
}

// The browser's own WebSocket with the interface of real_client.mjs. It knows no headers, and reports of a
// refusal only that there is no connection.
export async function startBrowser(t, options) {
  const page = await openPage(t, "sockets.html", options);
  const clients = new Map();
  await page.exposeFunction("report", (id, ...words) => clients.get(id).note(...words));
  return {
    async open(url, headers = {}) {
      if (Object.keys(headers).length > 0) throw new Error("a browser's WebSocket has no headers");
      const id = String(clients.size);
      const client = new RealClient((word, text) => page.evaluate((words) => act(...words), [word, id, text]));
      clients.set(id, client);
      await page.evaluate((words) => act("open", ...words), [id, url]);
      return client.opened();
    },
  };
}
