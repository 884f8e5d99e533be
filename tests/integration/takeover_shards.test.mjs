// Takeovers with another number of shards, while clients connect. They run beside each other, because a socket that
// is not needed any more is closed only after 10 s.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";

import {
  METRIC, listeners, metrics, mintToken, openClient, startConnector, startRedis, startReloadable, startTakeover, until, untilListeners, within,
} from "./harness.mjs";

const RATE = 250;
const HELD = 20;

// Every attempt to connect was answered with 101, at this rate.
async function expectAllAnswered(t, connector, seconds) {
  const { attempts, errors, slowest } = await connector.report();
  t.diagnostic(`${attempts} attempts, the slowest took ${Math.round(slowest)} ms`);
  assert.deepEqual(errors, {});
  assert.ok(attempts >= 200 * seconds, `${attempts} attempts in ${seconds} s`);
}

// The inodes of the sockets that a process has in any of its tables of descriptors.
function socketsOf(pid) {
  const inodes = new Set();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}/fd`;
    for (const fd of readdirSync(folder)) {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`)) ?? [];
        if (inode !== undefined) inodes.add(inode);
      } catch {
        // It was closed meanwhile.
      }
    }
  }
  return inodes;
}

const listeningInodes = (port) =>
  execFileSync("ss", ["-Hltne", `sport = :${port}`], { encoding: "utf8" }).match(/\bino:\d+/g).map((text) => text.slice(4));

// The drain takes a second with as many clients, in which the process can be looked at.
const SHARED = `drain_rate = ${HELD}`;
const PER_SHARD = `${SHARED}\ndescriptors = "per_shard"`;

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

  test("with a table of descriptors for each shard", async (t) => {
    const redis = await startRedis(t);
    const two = '["127.0.0.1:0", "127.0.0.2:0"]';
    let server = await startReloadable(t, { bus: redis.url, shards: 3, server: PER_SHARD, listen: two }).catch((error) => error);
    if (server instanceof Error) { // a container without CAP_SYS_ADMIN
      assert.match(server.message, /server\.descriptors: "per_shard" is not allowed to this process/);
      return;
    }
    const connector = startConnector(t, server, { rate: RATE, held: HELD });
    const started = performance.now();
    const removed = Number(server.listen[1].split(":").pop());
    const takeOver = async (changed) => {
      await until("the held clients are connected", async () => (await metrics(server)).sum(METRIC.connections) >= HELD);
      const inherited = listeningInodes(server.port);
      server.write(changed);
      const next = await startTakeover(t, server);
      await until("the process before has closed its sockets in all tables, and still drains", () => {
        assert.equal(server.end, undefined);
        const its = socketsOf(server.pid);
        return listeningInodes(server.port).every((inode) => !its.has(inode));
      });
      assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
      const now = listeningInodes(server.port);
      assert.deepEqual(inherited.filter((inode) => !now.includes(inode)), [], "no socket was closed, and so no queue reset");
      const client = await openClient(t, next.ws("/ws", mintToken()));
      await redis.publish("orion.x", '{"n":1}');
      await client.next(1);
      client.socket.close(1000);
      server = next;
    };
    await takeOver({ shards: 3, server: PER_SHARD, listen: two });
    assert.deepEqual([listeners(server.port), listeners(removed)], [3, 3]);
    await takeOver({ shards: 3, server: SHARED, listen: two });
    assert.deepEqual([listeners(server.port), listeners(removed)], [3, 3]);
    await takeOver({ shards: 4, server: PER_SHARD, listen: '["127.0.0.1:0"]' });
    await untilListeners(removed, 0);
    assert.equal(listeners(server.port), 4);
    await takeOver({ shards: 2, server: PER_SHARD, listen: '["127.0.0.1:0"]' });
    await untilListeners(server.port, 2);
    await expectAllAnswered(t, connector, (performance.now() - started) / 1000);
  });
});
