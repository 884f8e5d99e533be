// Carillon's own protocol over Server-Sent Events: clients/js where no WebSocket opens, and the position in the query.
import assert from "node:assert/strict";
import test from "node:test";

import { Carillon } from "../../clients/js/carillon.js";
import { mintToken, publish, startCarillon, startFaultProxy, until } from "./harness.mjs";

const TOKEN = mintToken({ sub: "alice", channels: ["a", "b"] });
const EVENTS = 150;

// As in a network that does not let WebSockets through.
class Blocked extends EventTarget {
  constructor() {
    super();
    this.readyState = 0;
    setTimeout(() => {
      this.readyState = 3;
      for (const type of ["error", "close"]) {
        const event = Object.assign(new Event(type), { code: 1006 });
        this[`on${type}`]?.(event);
        this.dispatchEvent(event);
      }
    }, 1);
  }
  close() {}
}

async function send(server, from, to) {
  for (let n = from; n < to; n += 1) {
    for (const channel of ["a", "b"]) assert.equal((await publish(server, { channel, data: { n } })).status, 200);
  }
}

test("clients/js resumes over Server-Sent Events although its stream is cut again and again", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "carillon" }] });
  const proxy = await startFaultProxy(t, server.port, [100, 600]);
  const url = server.ws("/v1/connect").replace(`:${server.port}/`, `:${proxy.port}/`);
  const client = new Carillon(url, { token: TOKEN, WebSocket: Blocked });
  t.after(() => client.close());
  const gaps = [];
  client.on("gap", (gap) => gaps.push(gap));
  let opens = 0;
  client.on("state", ({ name }) => { if (name === "open") opens += 1; });
  const numbers = { a: [], b: [] };
  const subscriptions = Object.keys(numbers).map((name) => client.subscribe(name, ({ data }) => numbers[name].push(data.n)));
  await until("both have a position", () => subscriptions.every(({ position }) => position), { timeoutMs: 20_000 });
  proxy.harm();
  for (let n = 0; n < EVENTS; n += 1) {
    await send(server, n, n + 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  proxy.spare();
  const all = Array.from({ length: EVENTS }, (_, n) => n);
  await until("all events", () => numbers.a.length >= EVENTS && numbers.b.length >= EVENTS, { timeoutMs: 30_000 });
  assert.deepEqual([numbers.a, numbers.b, gaps], [all, all, []]);
  assert.ok(opens > 1, "the stream was never cut: the test shows nothing");
});

// Regression: the profile did not name the parameter that the specification has, and such a stream began anew.
test("a stream continues after the position in its query", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "carillon" }] });
  const read = async (query, until_) => {
    const controller = new AbortController();
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/connect?channels=a,b&token=${TOKEN}${query}`,
      { headers: { Accept: "text/event-stream" }, signal: controller.signal });
    assert.equal(response.status, 200);
    let text = "";
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      if (until_(text)) break;
    }
    controller.abort();
    return text;
  };
  const first = await read("", (text) => /\nid: \S+\n/.test(text));
  assert.match(first, /event: subscribed\ndata: .*"channel":"a","recovered":null/);
  const position = /\nid: (\S+)\n/.exec(first)[1];
  await send(server, 0, 3);
  const second = await read(`&position=${position}`, (text) => text.split('"n":2').length === 3);
  assert.equal(second.match(/"recovered":true/g).length, 2);
  assert.deepEqual([...second.matchAll(/"channel":"(.)","data":\{"n":(.)\}/g)].map(([, channel, n]) => channel + n),
    ["a0", "b0", "a1", "b1", "a2", "b2"]);
});
