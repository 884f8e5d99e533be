// Takeovers with another number of shards, while clients connect. They run beside each other, because a socket that
// is not needed any more is closed only after 10 s.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  listeners, mintToken, openClient, startConnector, startRedis, startReloadable, startTakeover, untilListeners, within,
} from "./harness.mjs";

const RATE = 250;

// Every attempt to connect was answered with 101, at this rate.
async function expectAllAnswered(t, connector, seconds) {
  const { attempts, errors, slowest } = await connector.report();
  t.diagnostic(`${attempts} attempts, the slowest took ${Math.round(slowest)} ms`);
  assert.deepEqual(errors, {});
  assert.ok(attempts >= 200 * seconds, `${attempts} attempts in ${seconds} s`);
}

describe("takeovers with another number of shards", { concurrency: true }, () => {
  test("with fewer shards the sockets that are not needed are closed, and no client notices", async (t) => {
    const redis = await startRedis(t);
    const server = await startReloadable(t, { bus: redis.url, shards: 3 });
    const connector = startConnector(t, server, { rate: RATE });
    const started = performance.now();
    server.write({ shards: 1 });
    const next = await startTakeover(t, server);
    assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
    assert.equal(listeners(next.port), 3, "connections may still wait in their queues");
    await untilListeners(next.port, 1);
    (await openClient(t, next.ws("/ws", mintToken()))).socket.close(1000);
    await expectAllAnswered(t, connector, (performance.now() - started) / 1000);
    await next.waitForLog("the end", (log) => log.message === "the listening sockets of shards that are no more were closed");
  });

  test("with more shards each has a socket", async (t) => {
    const redis = await startRedis(t);
    const server = await startReloadable(t, { bus: redis.url, shards: 1 });
    server.write({ shards: 3 });
    const next = await startTakeover(t, server);
    assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
    const client = await openClient(t, next.ws("/ws", mintToken()));
    await redis.publish("orion.x", "1");
    await client.next(1);
    client.socket.close(1000);
    assert.equal(listeners(next.port), 3);
  });
});
