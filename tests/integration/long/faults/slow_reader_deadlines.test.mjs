// A client that reads 50 kB/s and answers every ping it receives: the deadlines for its pong and for its close
// frame do not run while the ping or the close frame still waits behind bytes that it is reading.
import assert from "node:assert/strict";
import test from "node:test";

import { metrics, METRIC, mintToken, openSlowReader, publish, startCarillon, until } from "../../harness.mjs";

const EVENT_BYTES = 600_000;
const RATE = 50_000;

async function readSlowly(t, endpoint, claims) {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion", ...endpoint }], server: { drain: "30s" } });
  const reader = await openSlowReader(t, { port: server.port, target: `/ws?token=${mintToken(claims)}`, rate: RATE });
  assert.equal((await publish(server, { channel: "orion.x", data: "x".repeat(EVENT_BYTES) })).status, 200);
  return { server, reader };
}

test("a ping behind 600 kB that a client reads at 50 kB/s does not end the connection", async (t) => {
  const { server, reader } = await readSlowly(t, { "keepalive.ping": "2s", "keepalive.timeout": "4s" });
  // It has the event after twelve seconds; then pings come every two.
  await until("the client has answered pings", async () => {
    assert.equal((await metrics(server)).sum(METRIC.closes), 0, "it was closed");
    return (await metrics(server)).sum("carillon_client_control_frames_received_total") >= 2;
  }, { timeoutMs: 40_000 });
  server.process.child.kill("SIGTERM");
  const seen = await reader.end();
  assert.equal(seen.close, 1001, JSON.stringify(seen));
  assert.ok(seen.text > EVENT_BYTES, JSON.stringify(seen));
});

test("a close frame behind 600 kB that a client reads at 50 kB/s arrives", async (t) => {
  const exp = Math.floor(Date.now() / 1000) + 2;
  const { server, reader } = await readSlowly(t, { "auth.close_at_exp": 1008, "keepalive.ping": "1s" }, { exp });
  const seen = await reader.end();
  assert.equal(seen.close, 1008, JSON.stringify(seen));
  assert.ok(seen.text > EVENT_BYTES, JSON.stringify(seen));
  assert.ok(seen.seconds > 8, `it took ${seen.seconds} s, longer than a client that takes nothing is given`);
  assert.equal((await metrics(server)).sum(METRIC.closes, { reason: "token_expired" }), 1);
});
