// A hundred takeovers while clients connect and receive events.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import test from "node:test";

import {
  BINARY, ROOT, api, mintToken, openClient, pause, startProcess, startRedis, startReloadable, startTakeover, until, within,
} from "../harness.mjs";

const TAKEOVERS = 100;
const CONNECTS_A_SECOND = 500;
const HELD = 50;
const CONNECTOR = path.join(ROOT, "tests/integration/harness/connector.mjs");

const listeners = (port) =>
  execFileSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" }).split("\n").filter((line) => line !== "").length;

test(`${TAKEOVERS} takeovers at ${CONNECTS_A_SECOND} connects a second`, async (t) => {
  const redis = await startRedis(t);
  const two = '["127.0.0.1:0", "127.0.0.2:0"]';
  let server = await startReloadable(t, { bus: redis.url, listen: two });
  const connector = startProcess("node", [CONNECTOR, server.port, `/ws?token=${mintToken()}`, CONNECTS_A_SECOND, HELD]);
  t.after(() => connector.child.kill("SIGKILL"));
  const load = { next: 0, stopped: false };
  load.done = (async () => {
    while (!load.stopped) {
      await redis.publish("orion.x", ...Array.from({ length: 2 }, () => JSON.stringify({ n: load.next++ })));
      await pause(10);
    }
  })();
  const shards = [1, 3, 2];
  for (let n = 0; n < TAKEOVERS; n += 1) {
    server.write({ shards: shards[n % shards.length], listen: n % 10 === 5 ? '["127.0.0.1:0"]' : two });
    const next = await startTakeover(t, server);
    assert.equal((await within("the old process has ended", 20_000, server.exited)).code, 0);
    server = next;
  }
  load.stopped = true;
  await load.done;
  connector.child.stdin.write("end\n");
  await within("the clients' report", 30_000, connector.exited);
  const report = JSON.parse(connector.lines.stdout.at(-1));
  t.diagnostic(JSON.stringify({ ...report, held: { events: report.held.events, codes: report.held.codes } }));
  assert.deepEqual(report.errors, {}, "every attempt ends with its 101");
  assert.ok(report.slowest < 2000, `${report.slowest} ms`);
  assert.deepEqual([report.held.gaps, report.held.errors], [[], []]);
  assert.deepEqual(Object.keys(report.held.codes), ["1001"]);
  assert.ok(report.held.events > load.next, "the held clients have received events");
  // A process that follows one with more shards keeps its sockets: closing one would reset what waits in its queue.
  await until("no listener is left over", () => listeners(server.port) === Math.max(...shards));
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
