// Carillon's own protocol with its clients, unmodified, against the real binary: clients/js in Node and in Chromium, and
// the example in Python.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import test from "node:test";
import { WebSocket } from "ws";

import { Carillon } from "../../clients/js/carillon.js";
import {
  ROOT, freePort, launchBrowser, metrics, mintToken, publish, startCarillon, startProcess, until,
} from "./harness.mjs";

const EVENTS = 200;
const ENDPOINT = { profile: "carillon", client_publish: "on" };
const TOKEN = { sub: "alice", channels: ["a", "b"] };

// A WebSocket that the test can cut.
const sockets = new Set();
class Cuttable extends WebSocket {
  constructor(url) {
    super(url);
    sockets.add(this);
    this.on("close", () => sockets.delete(this));
  }
}
const cut = () => { for (const socket of sockets) socket.terminate(); };

function open(t, server, options = {}) {
  const seen = { gaps: [], errors: [], states: [] };
  const client = new Carillon(server.ws("/v1/connect"), { token: mintToken(TOKEN), WebSocket: Cuttable, sse: false, ...options });
  client.on("gap", (gap) => seen.gaps.push(gap));
  client.on("error", (error) => seen.errors.push(error));
  client.on("state", ({ name }) => seen.states.push(name));
  t.after(() => client.close());
  return { client, seen };
}

const isOpen = (client) => until("the client is open", () => client.state.name === "open");
const subscribed = (subscription) => until("the subscription has a position", () => subscription.position);

async function send(server, channel, from, to) {
  for (let n = from; n < to; n += 1) assert.equal((await publish(server, { channel, data: { n } })).status, 200);
}

test("clients/js receives every event once and in order although its connection is cut again and again", async (t) => {
  const server = await startCarillon(t, { endpoints: [ENDPOINT] });
  const { client, seen } = open(t, server);
  const numbers = { a: [], b: [] };
  const subscriptions = Object.keys(numbers).map((name) => client.subscribe(name, ({ data }) => numbers[name].push(data.n)));
  await Promise.all(subscriptions.map(subscribed));
  for (let n = 0; n < EVENTS; n += 1) {
    await Promise.all([send(server, "a", n, n + 1), send(server, "b", n, n + 1)]);
    if (n % 25 !== 24) continue;
    await isOpen(client); // after a cut it waits for a random time before it comes back
    cut();
  }
  const all = Array.from({ length: EVENTS }, (_, n) => n);
  await until(`all events (${numbers.a.length}, ${numbers.b.length})`, () => numbers.a.length >= EVENTS && numbers.b.length >= EVENTS);
  assert.deepEqual(numbers, { a: all, b: all });
  assert.deepEqual([seen.gaps, seen.errors], [[], []]);
  assert.ok(seen.states.filter((name) => name === "open").length > 3, seen.states.join());
  assert.ok((await metrics(server)).sum("carillon_resumes_total", { outcome: "recovered" }) > 0);
});

test("clients/js reports a gap when the history no longer has what it missed", async (t) => {
  const server = await startCarillon(t, { endpoints: [ENDPOINT], extra: "[[endpoint.history]]\nevents = 2" });
  const { client, seen } = open(t, server);
  const numbers = [];
  const gaps = [];
  const subscription = client.subscribe("a", ({ data }) => numbers.push(data.n), { onGap: (gap) => gaps.push(gap) });
  await subscribed(subscription);
  await send(server, "a", 0, 1);
  await until("the event", () => numbers.length === 1);
  const first = subscription.position;
  client.close();
  await send(server, "a", 1, 5);
  const again = open(t, server);
  again.client.subscribe("a", ({ data }) => numbers.push(data.n), { position: first, onGap: (gap) => gaps.push(gap) });
  await until("the gap", () => gaps.length === 1);
  assert.deepEqual([gaps[0].channel, gaps[0].reason, gaps[0].before], ["a", "evicted", first]);
  await send(server, "a", 5, 6);
  await until("the next event", () => numbers.includes(5));
  assert.deepEqual([numbers, again.seen.gaps.length, seen.errors, again.seen.errors], [[0, 5], 1, [], []]);
});

test("clients/js publishes, reads the history in pages and is told what it may not do", async (t) => {
  const server = await startCarillon(t, { endpoints: [ENDPOINT] });
  const { client, seen } = open(t, server);
  await isOpenWith(client);
  for (let n = 0; n < 5; n += 1) assert.equal((await client.publish("a", { n })).type, "published");
  await assert.rejects(client.publish("c", 1), { code: "not_permitted" });
  await assert.rejects(client.history("c"), { code: "not_permitted" });

  const last = await client.history("a", { limit: 2 });
  assert.deepEqual([last.events.map(({ data }) => data.n), last.recovered, last.more], [[3, 4], true, true]);
  assert.equal(last.position, last.events[1].position);
  const [first] = (await client.history("a")).events;
  const pages = [];
  for (let after = first.position, more = true; more;) {
    const page = await client.history("a", { after, limit: 3 });
    assert.equal(page.recovered, true);
    pages.push(page.events.map(({ data }) => data.n));
    ({ position: after, more } = page);
  }
  assert.deepEqual(pages, [[1, 2, 3], [4]]);
  assert.equal((await client.history("a", { after: "x" })).reason, "unknown_position");

  // One of several channels is refused, and the others are not.
  const numbers = [];
  client.subscribe("a", ({ data }) => numbers.push(data.n), { last: 2 });
  client.subscribe("c", () => assert.fail("not permitted"), { last: 2 });
  client.subscribe("b", ({ data }) => numbers.push(data), { last: 2 });
  await until("the last events", () => numbers.length === 2);
  await client.publish("b", "live");
  await until("the live event", () => numbers.length === 3);
  assert.deepEqual(numbers, [3, 4, "live"]);
  assert.deepEqual(seen.errors.map(({ code, channels }) => [code, channels]), [["not_permitted", ["c"]]]);
});

// A request connects.
async function isOpenWith(client) {
  await client.history("a");
  await isOpen(client);
}

test("clients/js reports a gap after a restart of the gateway, and goes on", async (t) => {
  const listen = [`127.0.0.1:${await freePort()}`];
  const server = await startCarillon(t, { endpoints: [ENDPOINT], server: { listen } });
  const { client, seen } = open(t, server);
  const numbers = [];
  const subscription = client.subscribe("a", ({ data }) => numbers.push(data.n));
  await subscribed(subscription);
  await send(server, "a", 0, 1);
  await until("the event", () => numbers.length === 1);
  const before = subscription.position;
  await server.stop();
  const next = await startCarillon(t, { endpoints: [ENDPOINT], server: { listen } });
  await until("the gap", () => seen.gaps.length === 1, { timeoutMs: 30_000 });
  assert.deepEqual([seen.gaps[0].channel, seen.gaps[0].reason, seen.gaps[0].before], ["a", "unknown_position", before]);
  await send(next, "a", 1, 2);
  await until("the next event", () => numbers.length === 2);
  assert.deepEqual([numbers, seen.errors], [[0, 1], []]);
});

test("clients/js in Chromium resumes without a loss, publishes and reads the history", async (t) => {
  const server = await startCarillon(t, { endpoints: [ENDPOINT] });
  const pages = http.createServer((request, response) => {
    const isModule = request.url === "/carillon.js";
    response.writeHead(200, { "Content-Type": isModule ? "text/javascript" : "text/html" });
    response.end(isModule ? readFileSync(path.join(ROOT, "clients/js/carillon.js")) : "<!doctype html><link rel=icon href=data:,>");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => pages.once("listening", resolve));
  t.after(() => { pages.closeAllConnections(); pages.close(); });
  const browser = await launchBrowser(t);
  const page = await browser.newPage();
  await page.goto(`http://localhost:${pages.address().port}/`);
  await page.evaluate(async ([url, token]) => {
    const { Carillon: Client } = await import("/carillon.js");
    const opened = [];
    class Socket extends WebSocket {
      constructor(...args) { super(...args); opened.push(this); }
    }
    window.numbers = [];
    window.gaps = [];
    window.cut = () => opened.at(-1).close();
    window.client = new Client(url, { token, WebSocket: Socket, sse: false });
    window.client.on("gap", (gap) => window.gaps.push(gap));
    window.subscription = window.client.subscribe("a", ({ data }) => window.numbers.push(data.n));
  }, [server.ws("/v1/connect"), mintToken(TOKEN)]);
  await until("subscribed", () => page.evaluate(() => window.subscription.position));
  for (let n = 0; n < 60; n += 1) {
    await send(server, "a", n, n + 1);
    if (n % 20 === 19) await page.evaluate(() => window.cut());
  }
  const numbers = await until("all events", async () => {
    const got = await page.evaluate(() => window.numbers);
    return got.length >= 60 && got;
  });
  assert.deepEqual(numbers, Array.from({ length: 60 }, (_, n) => n));
  const { published, events, gaps } = await page.evaluate(async () => ({
    published: await window.client.publish("b", 1), events: (await window.client.history("b")).events, gaps: window.gaps,
  }));
  assert.equal(published.type, "published");
  assert.deepEqual(events.map(({ data }) => data), [1]);
  assert.deepEqual(gaps, []);
});

// A way to the gateway that the test can cut.
async function startLine(t, server) {
  const halves = new Set();
  const line = net.createServer((here) => {
    const there = net.connect(server.port, "127.0.0.1");
    for (const [one, other] of [[here, there], [there, here]]) {
      halves.add(one);
      one.on("error", () => {}).on("close", () => { halves.delete(one); other.destroy(); });
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => line.once("listening", resolve));
  const cutLine = () => { for (const half of halves) half.destroy(); };
  t.after(() => { line.close(); cutLine(); });
  return { url: `ws://127.0.0.1:${line.address().port}/v1/connect`, cut: cutLine };
}

test("the example in Python receives every event once and in order although its connection is cut", async (t) => {
  const server = await startCarillon(t, { endpoints: [ENDPOINT] });
  const line = await startLine(t, server);
  const python = startProcess("/usr/bin/python3", [path.join(ROOT, "clients/python/carillon_example.py"), line.url, "a", "b"],
    { env: { CARILLON_TOKEN: mintToken(TOKEN) } });
  t.after(() => python.child.kill("SIGKILL"));
  await until(() => `both are subscribed: ${python.text()}`, async () => (await metrics(server)).sum("carillon_channels") === 2);
  for (let n = 0; n < 60; n += 1) {
    await send(server, "a", n, n + 1);
    await send(server, "b", n, n + 1);
    if (n % 20 === 9) line.cut();
  }
  const wanted = (name) => Array.from({ length: 60 }, (_, n) => `${name} {"n": ${n}}`);
  await until("the events", () => python.lines.stdout.length >= 120);
  for (const name of ["a", "b"]) assert.deepEqual(python.lines.stdout.filter((text) => text.startsWith(name)), wanted(name));
  assert.equal(python.lines.stdout.length, 120, "and no gap");
});
