// Subscriptions, positions, what is missed and what is told.
import assert from "node:assert/strict";
import test from "node:test";

import { Stage } from "./stage.mjs";

const numbers = (count, from = 0) => Array.from({ length: count }, (_, n) => from + n);

test("what is published while the client is away follows, in order and once", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  let n = 0;
  for (let round = 0; round < 20; round += 1) {
    stage.gateway.publish("a", n++);
    stage.gateway.publish("b", n++);
    await stage.time.pass(0);
    await stage.reconnect(() => {
      for (let more = 0; more < 5; more += 1) stage.gateway.publish("a", n++);
    });
  }
  assert.deepEqual([...stage.events].sort((a, b) => a - b), numbers(n));
  assert.deepEqual(stage.gaps, []);
  assert.equal(stage.recovered.length, 40);
});

test("a channel without an event resumes from the position of its subscription", async (t) => {
  const stage = new Stage(t);
  stage.gateway.publish("a", "before");
  await stage.open("a");
  await stage.reconnect(() => stage.gateway.publish("a", "missed"));
  assert.deepEqual(stage.events, ["missed"]);
});

test("a heartbeat moves the positions of all channels", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b", "c");
  stage.gateway.publish("a", 1);
  stage.gateway.publish("elsewhere", 2);
  stage.gateway.heartbeat();
  await stage.time.pass(0);
  stage.gateway.publish("b", 3);
  const beat = stage.gateway.position(2);
  await stage.time.pass(0);
  await stage.reconnect();
  assert.deepEqual(stage.gateway.subscribes().map(({ channel, channels, position }) => [channels ?? channel, position]), [
    [["a", "c"], beat],
    ["b", stage.gateway.position(3)],
  ]);
});

test("a heartbeat does not move a channel whose subscription is not answered yet", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  const { take } = stage.gateway;
  await stage.reconnect(() => (stage.gateway.take = () => {})); // the next subscribe gets no answer
  stage.gateway.publish("a", 2);
  stage.gateway.heartbeat();
  await stage.time.pass(0);
  stage.gateway.take = take;
  await stage.reconnect();
  assert.deepEqual(stage.events, [1, 2]);
});

test("the subscriptions of one turn share messages, of at most 32 channels", async (t) => {
  for (const [count, sizes] of [[1, [1]], [31, [31]], [32, [32]], [33, [32, 1]], [64, [32, 32]], [65, [32, 32, 1]]]) {
    const stage = new Stage(t);
    for (const n of numbers(count)) stage.subscribe(`channel-${n}`);
    await stage.time.pass(0);
    assert.deepEqual(stage.gateway.subscribes().map(({ channel, channels }) => (channel ? 1 : channels.length)), sizes);
    stage.client.close();
  }
});

test("1,000 channels resume in 32 messages, each below 64 KiB, and miss nothing", async (t) => {
  const stage = new Stage(t);
  const names = numbers(1000).map((n) => `${n}-${"\u0001é\"".repeat(60)}`);
  await stage.open(...names);
  stage.gateway.heartbeat();
  await stage.time.pass(0);
  await stage.reconnect(() => names.forEach((name, n) => stage.gateway.publish(name, n)));
  const messages = stage.gateway.subscribes();
  assert.equal(messages.length, 32);
  assert.equal(new Set(messages.map(({ position }) => position)).size, 1);
  for (const message of messages) assert.ok(Buffer.byteLength(JSON.stringify(message)) < 65_536);
  assert.deepEqual(stage.events, numbers(1000));
  await stage.reconnect(); // each has a position of its own now
  assert.equal(stage.gateway.subscribes().length, 1000);
  assert.deepEqual(stage.events, numbers(1000));
  assert.deepEqual(stage.gaps, []);
});

test("last and position decide where a subscription begins, and only the first time", async (t) => {
  const stage = new Stage(t);
  for (const n of numbers(6)) stage.gateway.publish("a", n);
  stage.subscribe("a", { last: 2 });
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [4, 5]);
  await stage.reconnect();
  assert.deepEqual(stage.gateway.subscribes().map(({ last, position }) => [last, position]),
    [[2, undefined], [undefined, stage.gateway.position()]]);
  assert.deepEqual(stage.events, [4, 5]);
  stage.client.subscribe("b", ({ data }) => stage.events.push(data), { position: stage.gateway.position(0), last: 1 });
  await stage.time.pass(0);
  stage.gateway.publish("b", "live");
  await stage.time.pass(0);
  assert.deepEqual(stage.gateway.subscribes(), [{ type: "subscribe", id: 3, channel: "b", position: stage.gateway.position(0) }]);
  assert.deepEqual(stage.events, [4, 5, "live"]);
});

test("a connection that ends between the answer and the last events loses none of them", async (t) => {
  const stage = new Stage(t);
  for (const n of numbers(5)) stage.gateway.publish("a", n);
  const peerEvents = [];
  const { take } = stage.gateway;
  stage.gateway.take = (peer, frame) => {
    const { event } = peer;
    peer.event = (each) => (peerEvents.length < 2 ? (peerEvents.push(each), event(each)) : undefined);
    take.call(stage.gateway, peer, frame);
    stage.gateway.take = take;
  };
  stage.subscribe("a", { last: 5 });
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [0, 1]);
  await stage.reconnect();
  assert.deepEqual(stage.events, [0, 1, 2, 3, 4]);
});

test("events that a server sends again are dropped, also when it repeats a whole replay", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  for (let round = 0; round < 3; round += 1) {
    if (round === 0) for (const n of numbers(1000)) stage.gateway.publish("a", n);
    else for (const event of stage.gateway.events) stage.gateway.clients[0].event(event);
    await stage.time.pass(0);
  }
  assert.deepEqual(stage.events, numbers(1000));
});

test("the same position on another channel is another event", async (t) => {
  const stage = new Stage(t);
  await stage.open("a", "b");
  stage.gateway.send({ channel: "a", data: 1, position: "p" });
  stage.gateway.send({ channel: "b", data: 2, position: "p" });
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [1, 2]);
});

test("what cannot be recovered is told once, with both positions and the reason", async (t) => {
  const stage = new Stage(t);
  const own = [];
  stage.subscribe("a", { onGap: (gap) => own.push(gap) });
  await stage.open("b");
  const before = stage.gateway.position();
  await stage.reconnect(() => {
    stage.gateway.publish("a", "lost");
    stage.gateway.publish("c", "other");
    stage.gateway.floor = 2;
  });
  const gap = { count: null, before, after: stage.gateway.position(), reason: "evicted" };
  assert.deepEqual(stage.gaps, [{ channel: "a", ...gap }, { channel: "b", ...gap }]);
  assert.deepEqual(own, [{ channel: "a", ...gap }]);
  stage.gateway.publish("a", "next");
  await stage.time.pass(0);
  await stage.reconnect();
  assert.equal(stage.gaps.length, 2);
  assert.deepEqual(stage.events, ["next"]);
});

test("a restarted gateway does not know the position, and that is a gap", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  for (const n of numbers(5)) stage.gateway.publish("a", n);
  await stage.time.pass(0);
  await stage.reconnect(() => {
    stage.gateway.head = 0;
    stage.gateway.epoch = "y";
    stage.gateway.events = [];
  });
  assert.deepEqual(stage.gaps.map(({ channel, reason }) => [channel, reason]), [["a", "unknown_position"]]);
  stage.gateway.publish("a", "anew");
  await stage.time.pass(0);
  assert.equal(stage.events.at(-1), "anew");
});

test("gap frames go to the client's listeners and to the subscriptions that they are about", async (t) => {
  const stage = new Stage(t);
  const own = [];
  for (const name of ["a", "b"]) stage.subscribe(name, { onGap: (gap) => own.push(gap) });
  await stage.time.pass(0);
  stage.gateway.send({ type: "gap", channel: "a", count: 3, before: "x", after: "y", reason: "slow" });
  stage.gateway.send({ type: "gap", channel: null, count: null, before: null, after: null, reason: "bus" });
  await stage.time.pass(0);
  const slow = { channel: "a", count: 3, before: "x", after: "y", reason: "slow" };
  const bus = { channel: null, count: null, before: null, after: null, reason: "bus" };
  assert.deepEqual(stage.gaps, [slow, bus]);
  assert.deepEqual(own, [slow, { ...bus, channel: "a" }, { ...bus, channel: "b" }]);
});

test("subscriptions of one channel share it, and the last one to end unsubscribes", async (t) => {
  const stage = new Stage(t);
  const [first, second] = await stage.open("a", "a");
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [1, 1]);
  first.unsubscribe();
  first.unsubscribe();
  stage.gateway.publish("a", 2);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [1, 1, 2]);
  assert.deepEqual(stage.gateway.received, []);
  second.unsubscribe();
  await stage.time.pass(0);
  assert.deepEqual(stage.gateway.received.map(({ type, channel }) => [type, channel]), [["unsubscribe", "a"]]);
  await stage.reconnect();
  assert.deepEqual(stage.gateway.subscribes(), []);
});

test("unsubscribes share messages too, and a new subscription of the channel begins now", async (t) => {
  const stage = new Stage(t);
  const subscriptions = await stage.open(...numbers(40).map(String));
  for (const each of subscriptions) each.unsubscribe();
  stage.subscribe("7");
  stage.gateway.publish("7", "late, for the first subscription");
  await stage.time.pass(0);
  assert.deepEqual(stage.gateway.received.map(({ type, channel, channels }) => [type, channel ?? channels.length]),
    [["unsubscribe", 32], ["unsubscribe", 8], ["subscribe", "7"]]);
  assert.deepEqual(stage.events, []);
  stage.gateway.publish("7", "new");
  await stage.time.pass(0);
  assert.deepEqual(stage.events, ["new"]);
});

test("an answer to an earlier subscribe of the channel does not make it live", async (t) => {
  const stage = new Stage(t);
  stage.gateway.take = (_, frame) => stage.gateway.received.push(frame); // answered below
  const subscription = stage.subscribe("a");
  await stage.time.pass(0);
  subscription.unsubscribe();
  stage.subscribe("a");
  await stage.time.pass(0);
  const [first, second] = stage.gateway.subscribes();
  for (const [id, data] of [[first.id, "for the first"], [second.id, "for the second"]]) {
    stage.gateway.send({ type: "subscribed", id, channel: "a", recovered: null, position: `before ${data}`, reason: null });
    stage.gateway.send({ channel: "a", data, position: data });
  }
  await stage.time.pass(0);
  assert.deepEqual(stage.events, ["for the second"]);
});

test("a channel that is refused is reported by name, and asked for again on the next connection", async (t) => {
  const stage = new Stage(t);
  stage.gateway.errors.secret = { code: "not_permitted", message: "not in the token", channel: "secret" };
  for (const name of ["a", "secret", "b"]) stage.subscribe(name);
  await stage.time.pass(0);
  assert.deepEqual(stage.errors.map(({ code, message, channels }) => [code, message, channels]),
    [["not_permitted", "not in the token", ["secret"]]]);
  stage.gateway.errors = {};
  await stage.reconnect();
  stage.gateway.publish("secret", "now");
  await stage.time.pass(0);
  assert.deepEqual(stage.events, ["now"]);
});

test("a subscribe over the rate is sent again after 1 to 2 s", async (t) => {
  const stage = new Stage(t);
  stage.gateway.errors.a = { code: "rate_limited", message: "slower" };
  stage.subscribe("a");
  await stage.time.pass(0);
  assert.deepEqual(stage.errors.map(({ code, channels }) => [code, channels]), [["rate_limited", ["a"]]]);
  stage.gateway.errors = {};
  await stage.time.pass(1499);
  assert.equal(stage.gateway.subscribes().length, 1);
  await stage.time.pass(1);
  assert.equal(stage.gateway.subscribes().length, 1);
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  assert.deepEqual(stage.events, [1]);
});

test("a client that is closed while a subscribe waits for the rate leaves no timer", async (t) => {
  const stage = new Stage(t);
  stage.gateway.errors.a = { code: "rate_limited", message: "slower" };
  stage.subscribe("a");
  await stage.time.pass(0);
  stage.client.close();
  assert.equal(stage.time.timers.size, 0);
});

test("a handler that unsubscribes another one keeps it from the same event", async (t) => {
  const stage = new Stage(t);
  const seen = [];
  stage.client.subscribe("a", () => second.unsubscribe());
  const second = stage.client.subscribe("a", (event) => seen.push(event));
  await stage.time.pass(0);
  stage.gateway.publish("a", 1);
  await stage.time.pass(0);
  assert.deepEqual(seen, []);
});
