// A burst is not lag: clients that read receive all of it and stay connected; a client that steadily reads too
// slowly is closed.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, metrics, mintToken, openPacedClients, openPool, pause, publish, startCarillon, startRedis, until, within,
} from "../../harness.mjs";

const CHANNEL = "orion.content.created";
const MBIT_20 = 2_500_000; // bytes a second
const MIB = 1024 * 1024;

const target = () => `/ws?token=${mintToken()}`;
const bodies = (count, bytes, from = 0) => Array.from({ length: count }, (_, index) => {
  const head = `{"n":${from + index},"f":"`;
  return `${head}${"x".repeat(Math.max(bytes - head.length - 2, 0))}"}`;
});

async function assertNoneWasClosed(server) {
  const page = await metrics(server);
  for (const reason of ["slow_consumer", "overrun"]) assert.equal(page.sum(METRIC.closes, { reason }), 0, reason);
}

async function startWithRedis(t, options = {}) {
  const redis = await startRedis(t);
  return { redis, server: await startCarillon(t, { ...options, bus: { url: redis.url, ...options.bus } }) };
}

async function everyPacedClientHasAll(clients, expected, timeoutMs) {
  for (const each of await within("the paced clients", timeoutMs, clients.verdict)) {
    assert.deepEqual(each, { events: expected, in_order: true, close: null });
  }
}

// As many as two Node processes can read without leaving one client unread for seconds.
test("12,000 events of 100 bytes from one pipelining publisher close none of 40 readers", async (t) => {
  const { redis, server } = await startWithRedis(t);
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 40 });
  await redis.publish(CHANNEL, ...bodies(12_000, 100));
  await pool.waitForEach(12_000, 60_000);
  for (const { faults, close } of await pool.judge(0, 12_000)) assert.deepEqual({ faults, close }, { faults: [], close: null });
  await assertNoneWasClosed(server);
});

test("two publish requests of 1,000 events of 1 KB at once close none of 200 readers", async (t) => {
  const server = await startCarillon(t, { server: { body_bytes_max: "8MiB" } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 200 });
  const batch = bodies(1000, 1000).map((body) => `{"channel":"${CHANNEL}","data":${body}}`).join(",");
  const answers = await Promise.all([publish(server, `[${batch}]`), publish(server, `[${batch}]`)]);
  assert.deepEqual(answers.map((answer) => answer.status), [200, 200]);
  await pool.waitForEach(2000);
  await assertNoneWasClosed(server);
});

test("a reader of 20 Mbit/s receives three events of 900 kB", async (t) => {
  const { redis, server } = await startWithRedis(t);
  const clients = await openPacedClients(t, { port: server.port, target: target(), count: 1, bytesPerSecond: MBIT_20, expected: 3 });
  await redis.publish(CHANNEL, ...bodies(3, 900_000));
  await everyPacedClientHasAll(clients, 3, 20_000);
  await assertNoneWasClosed(server);
});

test("16 MiB within a second reach 20 readers of 20 Mbit/s whole", async (t) => {
  const { redis, server } = await startWithRedis(t);
  const clients = await openPacedClients(t, { port: server.port, target: target(), count: 20, bytesPerSecond: MBIT_20, expected: 4096 });
  await redis.publish(CHANNEL, ...bodies(4096, 4096));
  await everyPacedClientHasAll(clients, 4096, 60_000);
  await assertNoneWasClosed(server);
});

test("64 MiB within a second reach a reader of 20 Mbit/s whole, although that takes longer than lag.age_max", async (t) => {
  const { redis, server } = await startWithRedis(t);
  const clients = await openPacedClients(t, { port: server.port, target: target(), count: 2, bytesPerSecond: MBIT_20, expected: 1024 });
  await redis.publish(CHANNEL, ...bodies(1024, 65_536));
  await everyPacedClientHasAll(clients, 1024, 90_000);
  await assertNoneWasClosed(server);
});

test("an event of 20 MB that bus.event_bytes_max allows reaches everyone", async (t) => {
  const { redis, server } = await startWithRedis(t, { bus: { event_bytes_max: "64MiB" } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 4 });
  // One after the other: Redis disconnects a subscriber for which more than 32 MB wait.
  for (const n of [0, 1]) {
    await redis.publish(CHANNEL, ...bodies(1, 20_000_000, n));
    await pool.waitForEach(n + 1);
  }
  await assertNoneWasClosed(server);
});

test("a client that reads 90 % of 5 MB/s is closed within a minute, and one that reads all of it is not", async (t) => {
  const { redis, server } = await startWithRedis(t);
  const slow = await openPacedClients(t, { port: server.port, target: target(), count: 1, bytesPerSecond: 4_500_000, expected: 1e9 });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 1, processes: 1 });
  let done = false;
  slow.verdict.then(() => { done = true; });
  const began = performance.now();
  let published = 0;
  while (!done && performance.now() - began < 70_000) {
    const due = Math.floor((performance.now() - began) * 5000 / 50_000);
    if (published < due) await redis.publish(CHANNEL, ...bodies(Math.min(due - published, 20), 50_000, published));
    published = Math.max(published, Math.min(due, published + 20));
    await pause(20);
  }
  const [verdict] = await within("the slow client", 1000, slow.verdict);
  assert.equal(verdict.in_order, true);
  assert.ok(performance.now() - began < 60_000);
  assert.equal((await metrics(server)).sum("carillon_slow_consumers_total", { rule: "bytes" }), 1);
  await until("the other has everything", async () => (await pool.progress()).least === published);
  assert.equal((await pool.verdicts())[0].close, null);
});

test("1,000 stalled clients among 1,050 cost the backlog once and are closed by policy", async (t) => {
  const { redis, server } = await startWithRedis(t);
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 50, processes: 1 });
  const stalled = await openPacedClients(t, { port: server.port, target: target(), count: 1000, bytesPerSecond: 1, expected: 1e9 });
  stalled.verdict.catch(() => {});
  const before = server.residentBytes();
  let most = before;
  let published = 0;
  await until("the stalled are closed", async () => {
    await redis.publish(CHANNEL, ...bodies(5, 2048, published));
    published += 5;
    most = Math.max(most, server.residentBytes());
    return (await metrics(server)).sum(METRIC.closes, { reason: "slow_consumer" }) === 1000;
  }, { timeoutMs: 90_000, everyMs: 50 });
  assert.ok(most - before < 24 * MIB, `${((most - before) / MIB).toFixed(1)} MiB more`);
  await until("the others have everything", async () => (await pool.progress()).least === published);
  for (const { close } of await pool.verdicts()) assert.equal(close, null);
});
