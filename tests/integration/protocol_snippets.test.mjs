// The clients of docs/protocols, in five languages: each receives an event, reconnects after the server was
// killed, receives again, and renews its token before it expires.
import assert from "node:assert/strict";
import http from "node:http";
import path from "node:path";
import test from "node:test";

import {
  PROFILES, Page, freePort, localised, metrics, mintToken, nowSeconds, publish, startCarillon,
  temporaryFolder, until, within,
} from "./harness.mjs";
import { runBrowser, runGo, runJava, runNode, runPython } from "./harness/snippets.mjs";

const LANGUAGES = { browser: "js browser", node: "js node", python: "python", go: "go", java: "java" };
const RENEWS = ["service", "grimnir"]; // their connections end with the token
const WAIT = { timeoutMs: 45_000, everyMs: 200 };

const EVENTS = {
  orion: (marker) => ({ channel: "orion.trend.detected", data: { marker } }),
  service: (marker) => ({ channel: "service.channel.conversation:conv-123", data: { type: "chat_message", data: { marker } } }),
  fluxora: (marker) => ({ channel: "fluxora.streams", data: { event: "stream.created", streamId: "s-1", payload: { marker } } }),
  grimnir: (marker) => ({ channel: "grimnir.live.handover", data: { marker } }),
};

// Replaces a login server: /<who>/token, and the page of a browser snippet at /<profile>.html.
async function startLogin(t, pages) {
  const login = { lifeSeconds: 3600, asked: {}, pages };
  const server = http.createServer((request, response) => {
    const [, who, what] = request.url.split("/");
    if (what === "token") {
      login.asked[who] = (login.asked[who] ?? 0) + 1;
      response.end(mintToken({ sub: who, exp: nowSeconds() + login.lifeSeconds }));
    } else {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end(`<!doctype html><link rel="icon" href="data:,"><script>${pages[who.replace(".html", "")]}</script>`);
    }
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  login.port = server.address().port;
  return login;
}

test("the clients of docs/protocols", async (t) => {
  const port = await freePort();
  const options = { server: { listen: [`127.0.0.1:${port}`] }, endpoints: PROFILES.map((profile) => ({ profile })) };
  const pages = {};
  const login = await startLogin(t, pages);
  const snippets = {};
  for (const [language, info] of Object.entries(LANGUAGES)) {
    snippets[language] = Object.fromEntries(PROFILES.map((profile) => [profile, localised(new Page(profile).fence(info),
      { port, tokenPort: login.port, tokenPath: `/${profile}-${language}/token` })]));
  }
  Object.assign(pages, snippets.browser);

  let server = await startCarillon(t, options);
  const folder = temporaryFolder(t);
  const clients = {};
  const start = {
    node: () => runNode(t, path.join(folder, "node"), snippets.node),
    python: () => runPython(t, path.join(folder, "python"), snippets.python),
    java: () => runJava(t, path.join(folder, "java"), snippets.java),
    go: () => runGo(t, path.join(folder, "go"), snippets.go),
    browser: () => runBrowser(t, snippets.browser, (profile) => `http://127.0.0.1:${login.port}/${profile}.html`),
  };
  await Promise.all(Object.keys(LANGUAGES).map(async (language) => { clients[language] = await start[language](); }));

  // Publishes until this client has received it, because only the client knows whether it is connected.
  const receives = (profile, language, marker) => async () => {
    const client = clients[language][profile];
    await until(`"${marker}" at the ${language} client of ${profile}\n${client.text()}`, async () => {
      if (client.lines.some((line) => line.includes(marker))) return true;
      await publish(server, EVENTS[profile](marker)).catch(() => {});
      return false;
    }, WAIT);
  };
  const all = async (what, step, profiles = PROFILES) => {
    for (const language of Object.keys(LANGUAGES)) {
      for (const profile of profiles) await t.test(`${profile}, ${language}: ${what}`, step(profile, language));
    }
  };

  await all("receives an event", (profile, language) => receives(profile, language, "first-event"));

  login.lifeSeconds = 31; // the clients leave 30 s before it expires
  server.expectedEnd = true;
  server.signal("SIGKILL");
  await within("the server is gone", 5000, server.exited);
  const askedBefore = { ...login.asked };
  server = await startCarillon(t, options);

  await all("reconnects to a server that was killed, and receives again", (profile, language) => receives(profile, language, "second-event"));

  await all("comes back with a fresh token before the old one expires", (profile, language) => async () => {
    const who = `${profile}-${language}`;
    await until(`${who} renews`, () => login.asked[who] >= askedBefore[who] + 2, WAIT);
    await receives(profile, language, "third-event")();
  }, RENEWS);

  await t.test("no client waited for its token to expire", async () => {
    assert.equal((await metrics(server)).sum("carillon_closes_total", { reason: "token_expired" }), 0);
  });
});
