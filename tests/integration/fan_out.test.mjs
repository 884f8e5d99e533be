// 1,000 clients of `ws` and 10 of Python's `websockets` receive 1,000 events that redis-cli publishes: in order,
// none missing, none twice.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, connectionCount, metrics, mintToken, openPool, openPythonClients, startCarillon, startRedis, until,
} from "./harness.mjs";

const CLIENTS = 1000;
const PYTHON_CLIENTS = 10;
const EVENTS = 1000;
const CHANNELS = ["orion.content.created", "orion.trend.detected", "orion.never.heard_of"];

test("fan-out from redis-cli to 1,000 ws clients and 10 Python ones", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const url = server.ws("/ws", mintToken());
  const pool = await openPool(t, { url, count: CLIENTS });
  const python = await openPythonClients(t, { url, count: PYTHON_CLIENTS, expected: EVENTS });

  await t.test("/metrics counts every connection", () =>
    until("1,010 connections", async () => (await connectionCount(server)) === CLIENTS + PYTHON_CLIENTS));

  await t.test("redis-cli publishes, and Carillon is the one subscriber", async () => {
    const lines = Array.from({ length: EVENTS }, (_, n) =>
      `PUBLISH ${CHANNELS[n % CHANNELS.length]} '{"n":${n},"topic":"AI agents in production"}'`);
    const replies = (await redis.cli(lines)).filter((line) => line !== "");
    assert.deepEqual(new Set(replies), new Set(["1"]));
    assert.equal(replies.length, EVENTS);
  });

  await t.test("each ws client has each event, in order, once", async () => {
    await pool.waitForEach(EVENTS);
    const verdicts = await pool.judge(0, EVENTS);
    assert.equal(verdicts.length, CLIENTS);
    assert.deepEqual(verdicts.filter((v) => v.faults.length > 0 || v.close !== null), []);
  });

  await t.test("each Python client has each event, in order, once", async () => {
    const verdicts = await python.verdict;
    assert.equal(verdicts.length, PYTHON_CLIENTS);
    assert.deepEqual(verdicts.filter((v) => v.faults.length > 0), []);
  });

  await t.test("channels outside orion.* reach no client", async () => {
    await redis.publish("orionx.y", '{"n":-1}');
    await redis.publish("other.z", '{"n":-1}');
    await redis.publish("orion", '{"n":-1}');
    // A last event on a matching channel: events published before it have been received by then.
    await redis.publish("orion.end", `{"n":${EVENTS}}`);
    await pool.waitForEach(EVENTS + 1);
    const verdicts = await pool.judge(0, EVENTS + 1);
    assert.deepEqual(verdicts.filter((v) => v.faults.length > 0), []);
  });

  await t.test("/metrics has deliveries, bytes and fewer writes than deliveries", async () => {
    const now = await metrics(server);
    const deliveries = CLIENTS * (EVENTS + 1) + PYTHON_CLIENTS * EVENTS;
    assert.ok(now.sum(METRIC.deliveries) >= deliveries);
    assert.ok(now.sum(METRIC.deliveredBytes) >= deliveries * 80);
    assert.ok(now.sum(METRIC.eventsIn) >= EVENTS + 1);
    assert.ok(now.sum(METRIC.writes) > 0 && now.sum(METRIC.writes) <= now.sum(METRIC.deliveries));
    assert.equal(now.sum(METRIC.eventsDropped), 0);
    assert.equal(now.sum(METRIC.busUp), 1);
    assert.ok(now.has(METRIC.loopLag));
  });
});
