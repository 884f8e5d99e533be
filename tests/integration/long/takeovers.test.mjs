// Many takeovers while clients connect and receive events.
import assert from "node:assert/strict";
import test from "node:test";

import {
  BINARY, api, listeners, mintToken, openClient, pause, startConnector, startProcess, startRedis, startReloadable, startTakeover, until, untilListeners,
  within,
} from "../harness.mjs";

const TAKEOVERS = 100;
const CONNECTS_A_SECOND = 500;
const HELD = 50;
test(`${TAKEOVERS} takeovers at ${CONNECTS_A_SECOND} connects a second`, async (t) => {
  const redis = await startRedis(t);
  const two = '["127.0.0.1:0", "127.0.0.2:0"]';
  let server = await startReloadable(t, { bus: redis.url, listen: two });
  const connector = startConnector(t, server, { rate: CONNECTS_A_SECOND, held: HELD });
  const load = { next: 0, stopped: false };
  load.done = (async () => {
    while (!load.stopped) {
      await redis.publish("orion.x", ...Array.from({ length: 2 }, () => JSON.stringify({ n: load.next++ })));
      await pause(10);
    }
  })();
  const shards = [1, 3, 2];
  for (let n = 0; n < TAKEOVERS; n += 1) {
    const tables = Math.floor(n / 2) % 2 === 1 ? 'descriptors = "per_shard"' : "";
    server.write({ shards: shards[n % shards.length], listen: n % 10 === 5 ? '["127.0.0.1:0"]' : two, server: tables });
    const next = await startTakeover(t, server);
    assert.equal((await within("the old process has ended", 20_000, server.exited)).code, 0);
    server = next;
  }
  await untilListeners(server.port, shards[(TAKEOVERS - 1) % shards.length]);
  load.stopped = true;
  await load.done;
  const report = await connector.report();
  t.diagnostic(JSON.stringify({ ...report, held: { events: report.held.events, codes: report.held.codes } }));
  assert.deepEqual(report.errors, {}, "every attempt ends with its 101");
  assert.ok(report.slowest < 2000, `${report.slowest} ms`);
  assert.deepEqual([report.held.gaps, report.held.errors], [[], []]);
  assert.deepEqual(Object.keys(report.held.codes), ["1001"]);
  assert.ok(report.held.events > load.next, "the held clients have received events");
});

test("takeovers with fewer and more shards, and while sockets are being closed", async (t) => {
  const redis = await startRedis(t);
  let server = await startReloadable(t, { bus: redis.url, shards: 3 });
  const connector = startConnector(t, server, { rate: CONNECTS_A_SECOND, held: HELD });
  const takeOver = async (shards) => {
    server.write({ shards });
    const next = await startTakeover(t, server);
    assert.equal((await within("the old process has ended", 20_000, server.exited)).code, 0);
    server = next;
  };
  await takeOver(1);
  await untilListeners(server.port, 1);
  await takeOver(3);
  assert.equal(listeners(server.port), 3);
  await takeOver(1); // which begins to close two of them
  await takeOver(2);
  assert.equal(listeners(server.port), 3);
  await untilListeners(server.port, 2);
  await takeOver(4);
  await takeOver(1);
  await takeOver(4); // which needs all that the process before was going to close
  assert.equal(listeners(server.port), 4);
  const report = await connector.report();
  t.diagnostic(JSON.stringify({ ...report, held: { codes: report.held.codes } }));
  assert.deepEqual(report.errors, {}, "every attempt ends with its 101");
  assert.ok(report.slowest < 2000, `${report.slowest} ms`);
});

test("a takeover whose bus is down gives up after 30 s, and the old process has not changed", async (t) => {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url });
  const client = await openClient(t, server.ws("/ws", mintToken()));
  await redis.kill();
  const next = startProcess(BINARY, ["serve", "--config", server.file, "--takeover"], { env: server.environment });
  assert.equal((await within("its end", 40_000, next.exited)).code, 1);
  assert.match(next.text(), /the bus was not up within 30 s; the other process goes on serving/);
  await redis.start();
  await until("ready", async () => (await api(server, "GET", "/ready")).status === 200);
  await redis.publish("orion.x", "1");
  await client.next(1);
  assert.equal(client.close, null);
});
