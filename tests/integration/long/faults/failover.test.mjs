// The broker's address fails over while the old connections stay open: the gateway must detect it within 15 s,
// answer /ready with 503 until then, connect to the new server and report the gap.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, api, metrics, mintToken, openPool, publish, startCarillon, startRedis, startVirtualAddress, until,
} from "../../harness.mjs";

const FOUND_WITHIN_MS = 15_000;
const readiness = async (server) => (await api(server, "GET", "/ready")).status;

async function stage(t) {
  const [before, after] = [await startRedis(t), await startRedis(t)];
  const address = await startVirtualAddress(t, before.port);
  const server = await startCarillon(t, { bus: { url: address.url } });
  await until("ready", async () => (await readiness(server)) === 200);
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 5, processes: 1 });
  return { before, after, address, server, pool };
}

async function isBackOn(redis, { server, pool, address }, since) {
  address.target = redis.port;
  let sawUnready = false;
  await until("ready again on the new server", async () => {
    const status = await readiness(server);
    sawUnready ||= status === 503;
    return sawUnready && status === 200;
  }, { timeoutMs: FOUND_WITHIN_MS - (performance.now() - since), everyMs: 1 });
  const least = (await pool.progress()).least;
  await until("an event from the new server at every client", async () => {
    await redis.publish("orion.x", '{"n":1}');
    return (await pool.progress()).least > least;
  }, { timeoutMs: 2000 });
  assert.ok((await metrics(server)).sum(METRIC.busGaps) >= 1, "the gap is counted");
}

test("a virtual address leads to another server while the old connections stay open", async (t) => {
  const run = await stage(t);
  await isBackOn(run.after, run, performance.now());
  const after = await metrics(run.server);
  assert.equal(after.sum("carillon_bus_failovers_total", { reason: "other_server" }), 1);
  assert.ok(run.server.logs.some((log) => /another server answers/.test(log.reason ?? "")), "a log line has the reason");
});

test("a demoted master acknowledges no publish, and is left for the new one", async (t) => {
  const run = await stage(t);
  const { server, before, after } = run;
  assert.equal((await publish(server, { channel: "orion.x", data: { n: 0 } })).status, 200);
  const since = performance.now();
  await before.command([["REPLICAOF", "127.0.0.1", `${after.port}`]]);
  for (let n = 0; n < 20; n += 1) {
    assert.equal((await publish(server, { channel: "orion.x", data: { n } })).status, 503, `publish ${n}`);
  }
  await until("503", async () => (await readiness(server)) === 503, { timeoutMs: FOUND_WITHIN_MS });
  const health = await api(server, "GET", "/health");
  assert.match(health.json.bus.detail, /a replica of 127\.0\.0\.1/);
  await isBackOn(after, run, since);
  assert.equal((await publish(server, { channel: "orion.x", data: { n: 0 } })).status, 200);
});

test("a check that finds no place at the broker is missed, and nothing fails over", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url, address_check_interval: "100ms" } });
  await until("ready", async () => (await readiness(server)) === 200);
  await redis.command([["CONFIG", "SET", "maxclients", "2"]]); // our two connections: none for the check
  await until("checks are missed", async () =>
    (await metrics(server)).sum("carillon_bus_address_checks_total", { result: "missed" }) >= 3);
  assert.equal(await readiness(server), 200);
  assert.equal((await metrics(server)).sum("carillon_bus_failovers_total"), 0);
});
