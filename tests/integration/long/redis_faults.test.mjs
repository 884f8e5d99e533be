// Redis is killed, frozen, or closes our connections, under load.
import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";

import {
  METRIC, api, judgeWithHoles, metrics, mintToken, openPool, pause, publish, startCarillon, startRedis, until,
} from "../harness.mjs";

// Publishes numbered events, some a second, until it is stopped; failures are the fault that is tested.
function startLoad(redis, perSecond) {
  const load = { next: 0, stopped: false };
  load.done = (async () => {
    while (!load.stopped) {
      const bodies = Array.from({ length: perSecond / 50 }, () => JSON.stringify({ n: load.next++ }));
      await redis.publish("orion.content.created", ...bodies).catch(() => {});
      await pause(20);
    }
  })();
  load.stop = () => { load.stopped = true; return load.done; };
  return load;
}

async function nobodyWasHarmed(pool) {
  for (const { numbers, faults, close } of await pool.verdicts()) {
    assert.deepEqual({ faults, close, back: judgeWithHoles(numbers) }, { faults: [], close: null, back: [] });
  }
}

test("killed under 1,000 events/s, back after 3 s", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 20, processes: 1 });
  const load = startLoad(redis, 1000);
  t.after(() => load.stop());
  await until("events flow", async () => (await pool.progress()).least > 1000);
  await redis.kill();
  await pause(3000);
  const before = (await pool.progress()).most;
  const accepted = await redis.start();
  await until("events flow again", async () => (await pool.progress()).least > before, { everyMs: 10 });
  const took = performance.now() - accepted;
  assert.ok(took <= 2000, `${Math.round(took)} ms`);
  await load.stop();
  await nobodyWasHarmed(pool);
  assert.ok((await metrics(server)).sum(METRIC.busGaps) >= 1);
});

test("down for 60 s: at most 40 dials, never ready, publish refused", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  await redis.kill();
  // In its place a server that accepts every connection, counts it and closes it.
  let dials = 0;
  const counter = net.createServer((socket) => { dials += 1; socket.destroy(); });
  await new Promise((resolve) => counter.listen(redis.port, "127.0.0.1", resolve));
  t.after(() => counter.close());
  const end = performance.now() + 60_000;
  await until("/ready 503", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 5000 });
  while (performance.now() < end) {
    assert.equal((await api(server, "GET", "/ready")).status, 503);
    assert.equal((await publish(server, { channel: "orion.x", data: 1 })).status, 503);
    await pause(1000);
  }
  assert.ok(dials >= 5 && dials <= 40, `${dials} dials`);
  await new Promise((resolve) => counter.close(resolve));
  await redis.start();
  await until("ready", async () => (await api(server, "GET", "/ready")).status === 200, { timeoutMs: 6000 });
});

test("frozen for 30 s: every operation ends within 5 s, and it is back within 1 s of resuming", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 10, processes: 1 });
  redis.signal("SIGSTOP");
  t.after(() => redis.signal("SIGCONT"));
  const started = performance.now();
  const answer = await publish(server, { channel: "orion.x", data: { n: 0 } });
  assert.equal(answer.status, 503);
  assert.ok(performance.now() - started < 6000);
  await until("/ready 503", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 11_000 });
  await pause(30_000 - (performance.now() - started));
  redis.signal("SIGCONT");
  const continued = performance.now();
  await until("events flow", async () => {
    await redis.publish("orion.x", '{"n":1}');
    return (await pool.progress()).least > 0;
  }, { everyMs: 20 });
  assert.ok(performance.now() - continued <= 1500, `${Math.round(performance.now() - continued)} ms`);
  await until("ready", async () => (await api(server, "GET", "/ready")).status === 200, { timeoutMs: 2000 });
});

test("CLIENT KILL TYPE pubsub every second for a minute: every gap is counted, clients stay", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 50, processes: 1 });
  const load = startLoad(redis, 500);
  t.after(() => load.stop());
  let kills = 0;
  for (let second = 0; second < 60; second += 1) {
    await pause(1000);
    const killed = Number(/:(\d+)/.exec(await redis.command([["CLIENT", "KILL", "TYPE", "pubsub"]]))[1]);
    kills += killed > 0 ? 1 : 0;
  }
  assert.ok(kills > 20, `${kills} kills hit`);
  await load.stop();
  await until("gaps counted", async () => (await metrics(server)).sum(METRIC.busGaps) >= kills, { timeoutMs: 6000 });
  await nobodyWasHarmed(pool);
});
