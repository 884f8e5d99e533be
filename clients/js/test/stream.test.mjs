// The fall-back to Server-Sent Events.
import assert from "node:assert/strict";
import test from "node:test";

import { Stage } from "./stage.mjs";

// A client whose WebSockets cannot be opened.
function behindProxy(t, options) {
  const stage = new Stage(t, options);
  stage.gateway.webSocketsFail = true;
  return stage;
}

async function openStream(t, ...channels) {
  const stage = behindProxy(t);
  for (const channel of channels) stage.subscribe(channel);
  await stage.time.pass(1000);
  assert.equal(stage.client.state.transport, "sse");
  return stage;
}

test("after two WebSockets in a row that cannot be opened, the client receives a stream", async (t) => {
  const stage = behindProxy(t, { token: "abc" });
  stage.subscribe("a");
  stage.subscribe("b");
  await stage.time.pass(1000);
  assert.deepEqual(stage.gateway.opened.map(({ protocol }) => protocol), ["wss:", "wss:", "https:"]);
  const { searchParams } = stage.gateway.opened[2];
  assert.deepEqual(Object.fromEntries(searchParams), { tenant: "7", token: "abc", channels: "a,b" });
  assert.deepEqual(stage.client.state, { name: "open", transport: "sse", connection: undefined, degraded: null });
  stage.gateway.publish("a", { text: "line\u2028separators\n" });
  stage.gateway.publish("b", 2);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [{ text: "line\u2028separators\n" }, 2]);
});

test("without a WebSocket the stream is the first attempt", async (t) => {
  const stage = new Stage(t, { WebSocket: undefined });
  stage.subscribe("a");
  await stage.time.pass(0);
  assert.deepEqual(stage.gateway.opened.map(({ protocol }) => protocol), ["https:"]);
  assert.equal(stage.client.state.name, "open");
});

test("sse: false never falls back", async (t) => {
  const stage = behindProxy(t, { sse: false });
  stage.subscribe("a");
  await stage.time.pass(60_000);
  assert.ok(stage.gateway.opened.every(({ protocol }) => protocol === "wss:"));
  assert.ok(stage.gateway.opened.length > 5);
});

test("an open WebSocket in between starts the count anew", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  for (let round = 0; round < 4; round += 1) {
    stage.gateway.webSocketsFail = true;
    stage.gateway.cut();
    await stage.time.pass(stage.client.state.delay);
    stage.gateway.webSocketsFail = false;
    await stage.time.pass(10_000);
  }
  assert.ok(stage.gateway.opened.every(({ protocol }) => protocol === "wss:"));
});

test("a stream that ends resumes from its last id, after one more WebSocket", async (t) => {
  const stage = await openStream(t, "a", "b");
  stage.gateway.publish("a", 1);
  stage.gateway.publish("elsewhere", 2);
  stage.gateway.heartbeat();
  await stage.time.pass(0);
  stage.gateway.opened.length = 0;
  await stage.reconnect(() => stage.gateway.publish("b", 3));
  assert.deepEqual(stage.gateway.opened.map(({ protocol }) => protocol), ["wss:", "https:"]);
  assert.equal(stage.gateway.opened[1].searchParams.get("position"), stage.gateway.position(2));
  assert.deepEqual(stage.events, [1, 3]);
  assert.deepEqual(stage.gaps, []);
});

test("the client returns to WebSocket with the positions of the stream", async (t) => {
  const stage = await openStream(t, "a", "b");
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  await stage.reconnect(() => {
    stage.gateway.webSocketsFail = false;
    stage.gateway.publish("b", 2);
  });
  assert.equal(stage.client.state.transport, "websocket");
  const [message, ...others] = stage.gateway.subscribes();
  assert.deepEqual(others, []);
  assert.deepEqual([message.channels, message.position], [["a", "b"], stage.gateway.position(1)]);
  assert.deepEqual(stage.events, [1, 2]);
});

test("from WebSocket to a stream: channels at different positions miss nothing and get nothing twice", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b", "c");
  stage.gateway.heartbeat();
  let n = 0;
  for (const channel of ["a", "b", "a", "b", "b"]) stage.gateway.publish(channel, n++);
  await stage.time.pass(0);
  await stage.reconnect(() => {
    stage.gateway.webSocketsFail = true;
    for (const channel of ["c", "a", "b"]) stage.gateway.publish(channel, n++);
  });
  assert.equal(stage.client.state.transport, "sse");
  await stage.reconnect(() => stage.gateway.publish("a", n++));
  assert.deepEqual(stage.events, Array.from({ length: n }, (_, each) => each));
  assert.deepEqual(stage.gaps, []);
});

test("from WebSocket to a stream before the first heartbeat: the first position serves all channels", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  stage.gateway.publish("a", 1);
  stage.gateway.publish("b", 2);
  await stage.time.pass(0);
  await stage.reconnect(() => {
    stage.gateway.webSocketsFail = true;
    stage.gateway.publish("a", 3);
  });
  assert.deepEqual(stage.events, [1, 2, 3]);
  assert.deepEqual(stage.gaps, []);
});

test("what one position cannot express is told as a gap", async (t) => {
  const stage = behindProxy(t);
  for (const channel of ["a", "b"]) stage.gateway.publish(channel, `old ${channel}`);
  stage.subscribe("a", { position: stage.gateway.position(0) });
  stage.subscribe("b", { position: stage.gateway.position(1) });
  stage.subscribe("c", { last: 3 });
  await stage.time.pass(1000);
  assert.deepEqual(stage.gaps.map(({ channel, reason }) => [channel, reason]), [["a", "sse"], ["b", "sse"], ["c", "sse"]]);
  stage.gateway.publish("a", "new");
  await stage.time.pass(0);
  assert.deepEqual(stage.events, ["new"]);
});

test("a channel that a heartbeat did not include is told as a gap when a stream begins after it", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  stage.gateway.heartbeat();
  await stage.time.pass(0);
  const { take } = stage.gateway;
  await stage.reconnect(() => {
    stage.gateway.take = (peer, frame) => frame.channels && take.call(stage.gateway, peer, { ...frame, channels: ["b"] });
    stage.gateway.publish("a", "missed");
  });
  stage.gateway.heartbeat();
  await stage.time.pass(0);
  await stage.reconnect(() => (stage.gateway.webSocketsFail = true));
  assert.deepEqual(stage.events, []);
  assert.deepEqual(stage.gaps.map(({ channel, reason }) => [channel, reason]), [["a", "sse"]]);
});

test("a channel that has received thousands of events since the heartbeat gets none of them again", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  for (let n = 0; n < 3000; n += 1) stage.gateway.publish(n % 3 ? "a" : "b", n);
  await stage.time.pass(0);
  await stage.reconnect(() => {
    stage.gateway.webSocketsFail = true;
    stage.gateway.publish("b", 3000);
  });
  assert.deepEqual(stage.events, Array.from({ length: 3001 }, (_, n) => n));
});

test("a stream that could not be opened leaves nothing behind for the WebSocket after it", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  for (const channel of ["a", "b"]) stage.gateway.publish(channel, channel);
  await stage.time.pass(0);
  stage.gateway.webSocketsFail = true;
  stage.gateway.status = 503;
  stage.gateway.cut();
  while (stage.gateway.opened.at(-1).protocol !== "https:") await stage.time.pass(10);
  Object.assign(stage.gateway, { webSocketsFail: false, status: 0 });
  for (const channel of ["a", "b"]) stage.gateway.publish(channel, `missed ${channel}`);
  await stage.time.pass(10_000);
  assert.equal(stage.client.state.transport, "websocket");
  assert.deepEqual(stage.events, ["a", "b", "missed a", "missed b"]);
  assert.deepEqual(stage.gaps, []);
});

test("when a stream cannot begin where it should, live events arrive after the gap", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  for (const channel of ["a", "b"]) stage.gateway.publish(channel, channel);
  await stage.time.pass(0);
  await stage.reconnect(() => Object.assign(stage.gateway, { webSocketsFail: true, floor: 2 }));
  assert.equal(stage.gaps.length, 2);
  for (const channel of ["a", "b"]) stage.gateway.publish(channel, `live ${channel}`);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, ["a", "b", "live a", "live b"]);
});

test("the welcome of a later connection does not make a stream begin too late", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  for (const channel of ["a", "b"]) stage.gateway.publish(channel, channel);
  await stage.time.pass(0);
  const { take } = stage.gateway;
  await stage.reconnect(() => {
    stage.gateway.take = () => {};
    stage.gateway.publish("a", "missed");
  });
  stage.gateway.take = take;
  await stage.reconnect(() => (stage.gateway.webSocketsFail = true));
  assert.deepEqual(stage.events, ["a", "b", "missed"]);
  assert.deepEqual(stage.gaps, []);
});

test("one explicit position is that of the stream", async (t) => {
  const stage = behindProxy(t);
  stage.gateway.publish("a", "missed");
  stage.subscribe("a", { position: stage.gateway.position(0) });
  await stage.time.pass(1000);
  assert.deepEqual(stage.events, ["missed"]);
  assert.deepEqual(stage.gaps, []);
});

test("a stream that cannot be resumed is a gap for each channel", async (t) => {
  const stage = await openStream(t, "a", "b");
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  await stage.reconnect(() => {
    stage.gateway.publish("a", 2);
    stage.gateway.publish("b", 3);
    stage.gateway.floor = 3;
  });
  assert.deepEqual(stage.gaps.map(({ channel, reason }) => [channel, reason]), [["a", "evicted"], ["b", "evicted"]]);
});

test("a new set of channels reopens the stream once, with its position", async (t) => {
  const stage = await openStream(t, "a");
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  stage.gateway.opened.length = 0;
  for (const channel of ["b", "c", "d"]) stage.subscribe(channel);
  await stage.time.pass(99);
  assert.equal(stage.gateway.opened.length, 0);
  stage.gateway.publish("a", 2);
  await stage.time.pass(1);
  assert.equal(stage.gateway.opened.length, 1);
  assert.equal(stage.gateway.opened[0].searchParams.get("channels"), "a,b,c,d");
  assert.equal(stage.gateway.opened[0].searchParams.get("position"), stage.gateway.position(2));
  assert.equal(stage.gateway.clients.length, 1);
  stage.gateway.publish("d", 3);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [1, 2, 3]);
});

test("a stream without an event yet is reopened where it began, and once for an unsubscribe", async (t) => {
  const stage = behindProxy(t);
  const subscription = stage.subscribe("a");
  await stage.time.pass(1000);
  const began = stage.gateway.position();
  stage.gateway.publish("elsewhere", 1);
  stage.subscribe("b");
  await stage.time.pass(100);
  assert.equal(stage.gateway.opened.at(-1).searchParams.get("position"), began);
  subscription.unsubscribe();
  await stage.time.pass(1000);
  assert.equal(stage.gateway.opened.length, 5);
  assert.equal(stage.gateway.opened.at(-1).searchParams.get("channels"), "b");
  assert.deepEqual(stage.gaps, []);
});

test("the last unsubscribe ends the stream", async (t) => {
  const stage = behindProxy(t);
  const subscription = stage.subscribe("a");
  await stage.time.pass(1000);
  subscription.unsubscribe();
  await stage.time.pass(1000);
  assert.equal(stage.gateway.clients.length, 0);
  assert.deepEqual(stage.client.state, { name: "idle" });
});

test("publish and history reject over a stream", async (t) => {
  const stage = await openStream(t, "a");
  const codes = [];
  for (const promise of [stage.client.publish("a", 1), stage.client.history("a")]) promise.catch(({ code, message }) => codes.push([code, message]));
  await stage.time.pass(100);
  assert.deepEqual(codes, [["sse", "Server-Sent Events only receive"], ["sse", "Server-Sent Events only receive"]]);
});

test("a stream on which nothing arrives for 60 s is replaced, and heartbeats keep it", async (t) => {
  const stage = await openStream(t, "a");
  const started = stage.time.now;
  while (stage.time.now < started + 200_000) {
    await stage.time.pass(15_000);
    stage.gateway.heartbeat();
  }
  await stage.time.pass(59_000);
  assert.equal(stage.gateway.opened.length, 3);
  await stage.time.pass(10_000);
  assert.equal(stage.gateway.opened.length, 5);
});

test("Retry-After is the least wait after a refused stream, and 401 closes a client with a fixed token", async (t) => {
  const stage = behindProxy(t);
  stage.gateway.status = 503;
  stage.gateway.headers = { "retry-after": "7" };
  stage.subscribe("a");
  await stage.time.pass(1000);
  assert.deepEqual(stage.client.state, { name: "waiting", code: 503, reason: "HTTP", delay: 7200, attempt: 3 });
  stage.gateway.status = 401;
  await stage.time.pass(60_000);
  assert.equal(stage.client.state.name, "closed");
  assert.equal(stage.client.state.code, 401);
});

test("an answer that is no event stream is refused", async (t) => {
  const stage = behindProxy(t, { fetch: async () => new Response("<html>", { headers: { "content-type": "text/html" } }) });
  stage.subscribe("a");
  await stage.time.pass(1000);
  assert.equal(stage.client.state.name, "waiting");
  assert.deepEqual(stage.events, []);
});

test("a second retry field announces a shutdown", async (t) => {
  const stage = await openStream(t, "a");
  stage.gateway.cut();
  await stage.time.pass(0);
  assert.ok(stage.client.state.delay < 1000, "the first one is for EventSource");
  await stage.time.pass(1000);
  assert.equal(stage.client.state.transport, "sse");
  stage.gateway.clients[0].write("retry: 20000\n\n");
  await stage.time.pass(0);
  stage.gateway.cut();
  await stage.time.pass(0);
  assert.ok(stage.client.state.delay >= 20_000 && stage.client.state.delay <= 25_000);
});

test("records arrive in any pieces and with any line ends", async (t) => {
  const stage = await openStream(t, "a");
  const [{ write }] = stage.gateway.clients;
  const frame = (n) => JSON.stringify({ channel: "a", data: n, position: `p${n}` });
  const text = `:comment\r\nid: p1\r\ndata: {"channel":"a",\r\ndata: "data":1}\r\n\r\nid:p2\rdata:${frame(2)}\r\rdata: {"channel":"a",\ndata: "data":3}\n\nid: p4\nunknown: x\n\n`;
  for (const letter of text) {
    write(letter);
    await stage.time.pass(0);
  }
  assert.deepEqual(stage.events, [1, 2, 3]);
  await stage.reconnect();
  assert.equal(stage.gateway.opened.at(-1).searchParams.get("position"), "p4");
});

test("the name of a record is the type of a frame that has none", async (t) => {
  const stage = await openStream(t, "a");
  stage.gateway.clients[0].write('event: gap\ndata: {"channel":"a","reason":"slow"}\n\n');
  await stage.time.pass(0);
  assert.deepEqual(stage.gaps, [{ channel: "a", count: null, before: null, after: null, reason: "slow" }]);
});

test("a line or a record without an end is given up", async (t) => {
  for (const [piece, count] of [["x".repeat(1 << 20), 17], [`data: ${"x".repeat(1 << 20)}\n`, 17]]) {
    const stage = await openStream(t, "a");
    for (let n = 0; n < count; n += 1) stage.gateway.clients[0]?.write(piece);
    await stage.time.pass(0);
    assert.equal(stage.client.state.name, "waiting");
    assert.equal(stage.client.state.reason, "too long");
    stage.client.close();
  }
});

test("nonsense in a stream is reported and changes nothing", async (t) => {
  const stage = await openStream(t, "a");
  const [{ write }] = stage.gateway.clients;
  for (const text of ["data: {\n\n", "event: gap\ndata: 7\n\n", "data\n\n", "\n\n\n", ": \n", "event: nothing\n\n", "__proto__: 1\n\n"]) write(text);
  stage.gateway.publish("a", "good");
  await stage.time.pass(0);
  assert.equal(stage.client.state.name, "open");
  assert.deepEqual(stage.errors.map(({ code }) => code), ["invalid_frame", "invalid_frame"]);
  assert.deepEqual(stage.events, ["good"]);
});
