// publish() and history().
import assert from "node:assert/strict";
import test from "node:test";

import { Stage } from "./stage.mjs";

// The code that a promise was rejected with, or "resolved", or "pending".
function outcome(promise) {
  const result = { now: "pending" };
  promise.then(() => (result.now = "resolved"), (error) => (result.now = error.code));
  return result;
}

test("publish connects, and resolves when the server has the event", async (t) => {
  const stage = new Stage(t);
  const result = outcome(stage.client.publish("a", { n: 1 }));
  await stage.time.pass(0);
  assert.equal(result.now, "resolved");
  assert.deepEqual(stage.gateway.events.map(({ channel, data }) => [channel, data]), [["a", { n: 1 }]]);
  assert.equal(stage.time.timers.size, 1, "only the timer of the connection is left");
});

test("history resolves with the server's frame", async (t) => {
  const stage = new Stage(t);
  for (let n = 0; n < 5; n += 1) stage.gateway.publish("a", n);
  let answer;
  stage.client.history("a", { limit: 2, after: stage.gateway.position(1) }).then((frame) => (answer = frame));
  await stage.time.pass(0);
  assert.deepEqual(answer.events.map(({ data }) => data), [3, 4]);
  assert.equal(answer.recovered, true);
  assert.equal(answer.position, stage.gateway.position());
});

test("an error with the id of a request rejects it", async (t) => {
  const stage = new Stage(t);
  stage.gateway.answers = false;
  const result = outcome(stage.client.publish("a", 1));
  await stage.time.pass(0);
  stage.gateway.send({ type: "error", id: stage.gateway.received[0].id, code: "not_permitted", message: "off" });
  await stage.time.pass(0);
  assert.equal(result.now, "not_permitted");
  assert.deepEqual(stage.errors, []);
});

test("a request without an answer is rejected after 10 s", async (t) => {
  const stage = new Stage(t);
  stage.gateway.answers = false;
  const result = outcome(stage.client.publish("a", 1));
  await stage.time.pass(9999);
  assert.equal(result.now, "pending");
  await stage.time.pass(1);
  assert.equal(result.now, "timeout");
});

test("a request that was sent is rejected when the connection ends, one that was not is sent on the next", async (t) => {
  const stage = new Stage(t);
  await stage.open("a");
  stage.gateway.answers = false;
  const sent = outcome(stage.client.publish("a", 1));
  await stage.time.pass(0);
  stage.gateway.cut();
  await stage.time.pass(0);
  assert.equal(sent.now, "connection_lost");
  stage.gateway.answers = true;
  const waiting = outcome(stage.client.publish("a", 2));
  await stage.time.pass(1000);
  assert.equal(waiting.now, "resolved");
});

test("1,000 requests may wait, and one more is rejected", async (t) => {
  const stage = new Stage(t);
  stage.gateway.answers = false;
  const results = Array.from({ length: 1001 }, (_, n) => outcome(stage.client.publish("a", n)));
  await stage.time.pass(0);
  assert.equal(results[999].now, "pending");
  assert.equal(results[1000].now, "overloaded");
  stage.client.close();
  await stage.time.pass(0);
  assert.ok(results.slice(0, 1000).every(({ now }) => now === "connection_lost"));
  const after = outcome(stage.client.publish("a", 1));
  await stage.time.pass(0);
  assert.equal(after.now, "closed");
  assert.equal(stage.time.timers.size, 0);
});

test("a message has at most 64 KiB, and one more byte is rejected without being sent", async (t) => {
  const stage = new Stage(t);
  const empty = Buffer.byteLength(JSON.stringify({ type: "publish", channel: "a", data: "", id: 1 }));
  const results = [65_535, 65_536, 65_537].map((size) => outcome(stage.client.publish("a", "x".repeat(size - empty))));
  await stage.time.pass(0);
  assert.deepEqual(results.map(({ now }) => now), ["resolved", "resolved", "too_large"]);
});

test("what cannot be written as JSON rejects", async (t) => {
  const stage = new Stage(t);
  await assert.rejects(stage.client.publish("a", 1n), TypeError);
});
