// Clients that never read, among 1,000 that do: they are closed by the lag rules. They cost the server no memory
// beyond its log's window, and the kernel at most 256 KiB each; no orphan socket remains; other clients are not
// affected.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, connectionCount, kernelBytes, metrics, mintToken, openPool, openStalledClients, pause, serverEnds,
  startCarillon, startRedis, until,
} from "./harness.mjs";

const HEALTHY = 960;
const STALLED = 40;
const EVENT_BYTES = 2048;
const EVERY_MS = 20; // 50 events per second
const MIB = 1024 * 1024;

test("never-reading clients among 1,000", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: HEALTHY });
  const stalled = await openStalledClients(t, { port: server.port, target: `/ws?token=${mintToken()}`, count: STALLED });
  await until("1,000 connections", async () => (await connectionCount(server)) === HEALTHY + STALLED);

  const before = { resident: server.residentBytes() };
  const most = { resident: before.resident, kernel: 0 };
  const filler = "x".repeat(EVENT_BYTES);
  const slow = async () => (await metrics(server)).sum(METRIC.closes, { reason: "slow_consumer" });
  let published = 0;

  await t.test("all of them are closed by the lag rules: 1 MiB behind for 3 s, or 15 s", async () => {
    const deadline = performance.now() + 40_000;
    for (let closed = 0; closed < STALLED; ) {
      assert.ok(performance.now() < deadline, `only ${closed} of ${STALLED} closed after 40 s, ${published} events`);
      // One event a step; waiting for Redis' answer paces it further when the machine is busy.
      await redis.publish("orion.content.created", `{"n":${published},"filler":"${filler}"}`);
      published += 1;
      await pause(EVERY_MS);
      most.resident = Math.max(most.resident, server.residentBytes());
      if (published % 25 !== 0) continue;
      closed = await slow();
      most.kernel = Math.max(most.kernel, kernelBytes(stalled.ports));
    }
    assert.equal(await slow(), STALLED);
    assert.equal(await connectionCount(server), HEALTHY);
  });

  await t.test("the server's memory grew by one log's window, not by one per client", () => {
    const grown = most.resident - before.resident;
    t.diagnostic(`resident memory grew by ${(grown / MIB).toFixed(1)} MiB`);
    // The window is 1 MiB; the allocator, the inbox and a second shard's share come in addition. Kept a
    // client, it would be 40 MiB.
    assert.ok(grown < 12 * MIB, `${(grown / MIB).toFixed(1)} MiB`);
  });

  await t.test("the kernel held at most 256 KiB for each", () => {
    const held = most.kernel / STALLED;
    t.diagnostic(`the kernel held ${(held / 1024).toFixed(0)} KiB a stalled client`);
    assert.ok(held <= 256 * 1024, `${(held / 1024).toFixed(0)} KiB`);
  });

  await t.test("they were reset, and no orphan socket remains", async () => {
    // Counted at the verdict; reset when the close frame has waited 2 s for them in vain. A client's own end
    // may stay open: its window is closed, and it ignores a reset beyond the window until it reads.
    await until(() => `the ends of the server gone: ${serverEnds(server.port, stalled.ports).join("; ")}`,
      () => serverEnds(server.port, stalled.ports).length === 0, { timeoutMs: 10_000 });
    t.diagnostic(`the kernel still holds ${kernelBytes(stalled.ports)} bytes for ends of theirs`);
    assert.deepEqual(new Set(await stalled.ends()), new Set(["reset"]));
  });

  await t.test("the other clients were not affected", async () => {
    await pool.waitForEach(published, 10_000);
    const verdicts = await pool.judge(0, published);
    assert.deepEqual(verdicts.filter((v) => v.faults.length > 0 || v.close !== null), []);
  });

  await t.test("each close is counted under one reason", async () => {
    const reasons = (await metrics(server)).by(METRIC.closes, "reason");
    assert.equal(Object.values(reasons).reduce((sum, count) => sum + count, 0), STALLED, JSON.stringify(reasons));
  });
});
