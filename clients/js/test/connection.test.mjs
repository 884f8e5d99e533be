// Connecting, the states, the back-off, liveness and tokens.
import assert from "node:assert/strict";
import test from "node:test";

import { Carillon } from "../carillon.js";
import { Stage } from "./stage.mjs";

test("the client connects with the first subscription, not before", async (t) => {
  const { client, gateway, time, ...stage } = new Stage(t, { token: "abc" });
  await time.pass(60_000);
  assert.equal(gateway.opened.length, 0);
  assert.deepEqual(client.state, { name: "idle" });
  client.subscribe("a", () => {});
  await time.pass(0);
  assert.equal(gateway.opened[0].href, "wss://gateway.test/v1/connect?tenant=7&token=abc");
  assert.deepEqual(client.state, { name: "open", transport: "websocket", connection: "c1", degraded: null });
  assert.deepEqual(stage.states.map(({ name }) => name), ["connecting", "open"]);
});

test("an event has channel, data and position", async (t) => {
  const { client, gateway, time } = new Stage(t);
  const events = [];
  const subscription = client.subscribe("orders.42", (event) => events.push(event));
  await time.pass(0);
  const position = gateway.publish("orders.42", { total: 3 });
  gateway.publish("orders.43", { total: 4 });
  await time.pass(0);
  assert.deepEqual(events, [{ channel: "orders.42", data: { total: 3 }, position }]);
  assert.equal(subscription.position, position);
});

test("the delays between attempts double from 100 ms to 5 s, each with full jitter", async (t) => {
  for (const random of [0.001, 0.25, 0.999]) {
    const stage = new Stage(t, { sse: false });
    stage.gateway.down = true;
    stage.time.random = random;
    stage.subscribe("a");
    await stage.time.pass(40_000 * random);
    const delays = stage.states.filter(({ name }) => name === "waiting").map(({ delay }) => delay).slice(0, 9);
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000].map((most) => most * random));
    stage.client.close();
  }
});

test("the back-off starts anew after a connection of 5 s, and not after a shorter one", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  const delays = [];
  for (const age of [4998, 4998, 5001]) {
    await stage.time.pass(age);
    stage.gateway.cut();
    await stage.time.pass(0);
    delays.push(stage.client.state.delay);
    await stage.time.pass(stage.client.state.delay);
    assert.equal(stage.client.state.name, "open");
  }
  assert.deepEqual(delays, [50, 100, 50]);
});

test("after_ms of a reconnect frame is the least wait, and a nonsensical one is none", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  for (const [ms, delay] of [[3000, 3050], [-5, 100], ["soon", 200], [1e12, 300_400], [null, 800]]) {
    stage.gateway.send({ type: "reconnect", after_ms: ms });
    await stage.time.pass(0);
    stage.gateway.cut(1001);
    await stage.time.pass(0);
    assert.equal(stage.client.state.name, "waiting");
    assert.equal(stage.client.state.code, 1001);
    assert.equal(stage.client.state.delay, delay);
    await stage.time.pass(delay);
    assert.equal(stage.client.state.name, "open");
  }
});

test("a connection on which nothing arrives for 60 s is replaced, and heartbeats keep it", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  for (let n = 0; n < 10; n += 1) {
    await stage.time.pass(25_000);
    stage.gateway.heartbeat();
  }
  await stage.time.pass(59_999);
  assert.equal(stage.gateway.opened.length, 1);
  await stage.time.pass(1);
  assert.deepEqual(stage.names().slice(-1), ["waiting"]);
  assert.equal(stage.client.state.reason, "silence");
  await stage.time.pass(100);
  assert.equal(stage.gateway.opened.length, 2);
  assert.equal(stage.gateway.clients.length, 1, "the silent connection was not closed");
});

test("an attempt that gets no first frame within 10 s is given up", async (t) => {
  const stage = new Stage(t, { sse: false });
  stage.gateway.silent = true;
  stage.subscribe("a");
  await stage.time.pass(9999);
  assert.deepEqual(stage.names(), ["connecting"]);
  await stage.time.pass(1);
  assert.deepEqual(stage.names(), ["connecting", "waiting"]);
});

test("the token callback is called before each connect", async (t) => {
  let n = 0;
  const stage = new Stage(t, { token: async () => `token-${(n += 1)}` });
  await stage.open("a");
  await stage.reconnect();
  assert.deepEqual(stage.gateway.opened.map((url) => url.searchParams.get("token")), ["token-1", "token-2"]);
});

test("a token callback that throws is reported and called again after the back-off", async (t) => {
  let n = 0;
  const stage = new Stage(t, {
    token: () => {
      n += 1;
      if (n < 3) throw new Error("no session");
      return "good";
    },
  });
  stage.subscribe("a");
  await stage.time.pass(10_000);
  assert.deepEqual(stage.names(), ["connecting", "waiting", "connecting", "waiting", "connecting", "open"]);
  assert.deepEqual(stage.errors.map(({ code, cause }) => [code, cause.message]), [["token", "no session"], ["token", "no session"]]);
  assert.equal(stage.gateway.opened.length, 1);
});

test("a token callback that hangs is given up after 10 s, and what it returns later is ignored", async (t) => {
  const calls = [];
  const stage = new Stage(t, { token: () => new Promise((resolve) => calls.push(resolve)) });
  stage.subscribe("a");
  await stage.time.pass(10_100);
  assert.equal(calls.length, 2);
  calls[0]("late");
  await stage.time.pass(0);
  assert.equal(stage.gateway.opened.length, 0);
  calls[1]("good");
  await stage.time.pass(0);
  assert.deepEqual(stage.gateway.opened.map((url) => url.searchParams.get("token")), ["good"]);
});

test("a fixed token that expired closes the client, because another attempt cannot succeed", async (t) => {
  const stage = new Stage(t, { token: "fixed" });
  await stage.open("a");
  stage.gateway.cut(4001, "Token expired");
  await stage.time.pass(60_000);
  assert.deepEqual(stage.client.state, { name: "closed", code: 4001, reason: "Token expired" });
  assert.equal(stage.gateway.opened.length, 1);
  assert.throws(() => stage.client.subscribe("b", () => {}), { code: "closed" });
});

test("with a callback the client comes back with another token, and closes when it gets the refused one again", async (t) => {
  const tokens = ["one", "two", "two"];
  const stage = new Stage(t, { token: () => tokens.shift() });
  await stage.open("a");
  stage.gateway.cut(4001, "Token expired");
  await stage.time.pass(10_000);
  assert.equal(stage.client.state.name, "open");
  stage.gateway.cut(4001, "Token expired");
  await stage.time.pass(60_000);
  assert.equal(stage.client.state.name, "closed");
  assert.equal(stage.gateway.opened.length, 2);
});

test("a refusal with 401 or 403 closes a client with a fixed token where the status can be seen", async (t) => {
  for (const status of [401, 403]) {
    const stage = new Stage(t, { sse: false });
    stage.gateway.status = status;
    stage.subscribe("a");
    await stage.time.pass(60_000);
    assert.equal(stage.client.state.name, "closed");
    assert.equal(stage.client.state.code, status);
    assert.equal(stage.gateway.opened.length, 1);
  }
});

test("other refusals and closes are tried again", async (t) => {
  const stage = new Stage(t, { sse: false });
  await stage.open("a");
  for (const code of [1000, 1001, 1006, 1008, 1009, 1013]) {
    stage.gateway.cut(code);
    await stage.time.pass(6000);
    assert.equal(stage.client.state.name, "open");
  }
  for (const status of [404, 429, 503]) {
    stage.gateway.status = status;
    stage.gateway.cut();
    await stage.time.pass(6000);
    assert.equal(stage.client.state.name, "waiting");
    stage.gateway.status = 0;
    await stage.time.pass(6000);
    assert.equal(stage.client.state.name, "open");
  }
});

test("degraded and restored are shown in the state", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  stage.gateway.send({ type: "degraded", reason: "bus" });
  await stage.time.pass(0);
  assert.deepEqual(stage.client.state, { name: "open", transport: "websocket", connection: "c1", degraded: "bus" });
  stage.gateway.send({ type: "restored" });
  await stage.time.pass(0);
  assert.equal(stage.client.state.degraded, null);
});

test("close() ends the connection, leaves no timer and nothing happens afterwards", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  stage.client.close();
  stage.client.close();
  assert.deepEqual(stage.names(), ["connecting", "open", "closed"]);
  assert.equal(stage.gateway.clients.length, 0);
  assert.equal(stage.time.timers.size, 0);
  await stage.time.pass(60_000);
  assert.equal(stage.gateway.opened.length, 1);
});

test("close() from any callback is safe", async (t) => {
  for (const name of ["connecting", "open", "waiting"]) {
    const stage = new Stage(t);
    stage.client.on("state", (state) => state.name === name && stage.client.close());
    stage.subscribe("a");
    await stage.time.pass(0);
    stage.gateway.cut();
    await stage.time.pass(20_000);
    assert.equal(stage.client.state.name, "closed");
    assert.equal(stage.time.timers.size, 0, name);
  }
});

test("a connection that ends when there is nothing to receive is not replaced", async (t) => {
  const stage = new Stage(t);
  const [subscription] = await stage.open("a");
  subscription.unsubscribe();
  await stage.time.pass(0);
  await stage.reconnect();
  assert.deepEqual(stage.client.state, { name: "idle" });
  await stage.open("b");
  assert.equal(stage.client.state.name, "open");
});

test("frames that are nonsense are reported and change nothing", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  const nonsense = [
    "", "{", "null", "7", '"text"', [], {}, { type: 3 }, { type: null }, { type: "welcome", position: 9 },
    { type: "subscribed" }, { type: "subscribed", id: 1, channel: { a: 1 } }, { type: "heartbeat", position: 5 }, { type: "published", id: {} },
    { type: "history", id: "x" }, { type: "error" }, { type: "error", id: [], code: 1, message: {} }, { type: "gap", channel: 5 },
    { channel: "nobody", data: 1, position: "p" }, { channel: "__proto__" }, { channel: "a" }, { channel: "a", data: 1, position: 12 },
    { type: "future", more: true }, { type: "unsubscribed", id: 1 }, { type: "pong" }, { type: "__proto__" },
  ];
  for (const frame of nonsense) stage.gateway.send(frame);
  await stage.time.pass(0);
  assert.equal(stage.client.state.name, "open");
  assert.equal(stage.errors.filter(({ code }) => code === "invalid_frame").length, 5);
  stage.gateway.publish("a", "good");
  await stage.time.pass(0);
  assert.equal(stage.events.at(-1), "good");
  await stage.reconnect();
  assert.deepEqual(stage.gaps.filter(({ channel }) => channel === "a"), []);
});

test("a callback that throws is reported and does not stop the others", async (t) => {
  const stage = new Stage(t);
  stage.client.subscribe("a", () => { throw new Error("mine"); });
  await stage.open("a");
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [1]);
  assert.deepEqual(stage.errors.map(({ code, cause }) => [code, cause.message]), [["callback", "mine"]]);
});

test("errors without a listener, and those of a listener, go to the console", async (t) => {
  const printed = [];
  t.mock.method(console, "error", (error) => printed.push(error.message));
  const stage = new Stage(t);
  await stage.open("a");
  const off = stage.client.on("error", () => { throw new Error("in the listener"); });
  stage.gateway.send("{");
  await stage.time.pass(0);
  off();
  assert.deepEqual(printed, ["in the listener"]);
  const alone = new Carillon("ws://gateway.test/", { WebSocket: stage.gateway.WebSocket });
  alone.subscribe("a", () => {});
  await stage.time.pass(0);
  stage.gateway.send("{");
  await stage.time.pass(0);
  assert.deepEqual(printed, ["in the listener", "{"]);
  alone.close();
});

test("mistakes of the caller throw at once", () => {
  const WebSocket = class {};
  assert.throws(() => new Carillon("not a url", { WebSocket }), TypeError);
  assert.throws(() => new Carillon("ftp://gateway.test/", { WebSocket }), /use a ws/);
  assert.throws(() => new Carillon("ws://gateway.test/", { WebSocket: undefined, sse: false }), /option WebSocket/);
  const client = new Carillon("ws://gateway.test/", { WebSocket });
  for (const name of ["", 7, null, undefined, "x".repeat(256), "é".repeat(128)]) {
    assert.throws(() => client.subscribe(name, () => {}), /1 to 255 bytes/);
  }
  for (const name of ["x", "x".repeat(254), "x".repeat(255), `${"é".repeat(127)}x`]) client.subscribe(name, () => {});
  assert.throws(() => client.subscribe("x", () => {}, { last: 1 }), /first subscription/);
  client.close();
});
