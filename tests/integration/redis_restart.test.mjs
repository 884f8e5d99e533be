// Redis dies and comes back: clients stay connected, the gateway reports its state, and events flow again within
// a second of Redis accepting.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, api, judgeWithHoles, metrics, mintToken, openPool, startCarillon, startRedis, until,
} from "./harness.mjs";

const CLIENTS = 100;

test("Redis killed and restarted in the middle", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: CLIENTS, processes: 1 });
  let next = 0;
  const publish = () => redis.publish("orion.content.created", JSON.stringify({ n: next++ }));

  await t.test("before: ready, healthy, events flow", async () => {
    assert.equal((await api(server, "GET", "/ready")).status, 200);
    const health = await api(server, "GET", "/health");
    assert.deepEqual([health.status, health.json.status], [200, "ok"]);
    for (let n = 0; n < 50; n += 1) await publish();
    await pool.waitForEach(50);
  });

  const killedAt = Date.now();
  await redis.kill();

  await t.test("/ready answers 503 within 5 s", () =>
    until("503", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 5000 }));

  await t.test("/health stays 200 and degraded, with the bus and since when", async () => {
    const { status, json, text } = await api(server, "GET", "/health");
    assert.deepEqual([status, json.status], [200, "degraded"]);
    assert.match(text, /redis/i);
    const since = /"since":"([^"]+)"/.exec(text);
    assert.ok(since, `no "since" in ${text}`);
    assert.ok(Math.abs(Date.parse(since[1]) - killedAt) < 6000, `since ${since[1]}`);
  });

  await t.test("/metrics shows that the bus is down", async () => {
    assert.equal((await metrics(server)).sum(METRIC.busUp), 0);
  });

  await t.test("events flow again within 1 s of Redis accepting", async () => {
    const acceptedAt = await redis.start();
    const before = (await pool.progress()).least;
    await until("an event at every client", async () => {
      await publish();
      return (await pool.progress()).least > before;
    }, { timeoutMs: 10_000, everyMs: 10 });
    const took = performance.now() - acceptedAt;
    assert.ok(took <= 1000, `it took ${Math.round(took)} ms`);
  });

  await t.test("/ready answers 200 again, /health ok, /metrics bus up and one gap or more", async () => {
    await until("200", async () => (await api(server, "GET", "/ready")).status === 200, { timeoutMs: 2000 });
    assert.equal((await api(server, "GET", "/health")).json.status, "ok");
    const now = await metrics(server);
    assert.equal(now.sum(METRIC.busUp), 1);
    assert.ok(now.sum(METRIC.busGaps) >= 1);
  });

  await t.test("every client stayed; none saw an event twice or out of order, nor misses one from then on", async () => {
    const from = next;
    for (let n = 0; n < 50; n += 1) await publish();
    const last = next - 1;
    await until("the last event everywhere", async () =>
      (await pool.verdicts()).every((client) => client.numbers.at(-1) === last), { timeoutMs: 5000 });
    for (const { numbers, faults, close } of await pool.verdicts()) {
      assert.deepEqual({ faults, close, back: judgeWithHoles(numbers) }, { faults: [], close: null, back: [] });
      assert.deepEqual(numbers.slice(-50), Array.from({ length: 50 }, (_, index) => from + index));
    }
  });
});

test("carillon starts before Redis, reports it, and connects once Redis accepts", async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const server = await startCarillon(t, { bus: { url: redis.url }, busIsDown: true });
  assert.equal((await api(server, "GET", "/ready")).status, 503);
  assert.equal((await api(server, "GET", "/health")).json.status, "degraded");
  await redis.start();
  await until("ready", async () => (await api(server, "GET", "/ready")).status === 200, { timeoutMs: 6000 });
});
