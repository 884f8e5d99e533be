// The orion protocol's keepalive in real time: a ping every 30 s, a silent client dropped at 60 s, and a
// connection that outlives its token.
import assert from "node:assert/strict";
import test from "node:test";

import { OPCODE, mintToken, nowSeconds, openClient, openRaw, publish, startCarillon, until } from "../harness.mjs";

test("orion 7: keepalive in real time, beyond the token's exp", async (t) => {
  const server = await startCarillon(t);
  const token = mintToken({ exp: nowSeconds() + 5 });
  const opened = performance.now();
  const living = await openClient(t, server.ws("/ws", token));
  const silent = await openRaw(server.port, `/ws?token=${token}`);
  t.after(() => silent.socket.destroy());
  const after = (at) => (at - opened) / 1000;
  const about = (seconds, expected, what) =>
    assert.ok(seconds > expected - 1.5 && seconds < expected + 2, `${what} after ${seconds.toFixed(1)} s, not ${expected}`);

  await t.test("the silent client gets pings at 30 s, and is dropped at 60 s without a close frame", async () => {
    await until("dropped", () => silent.end, { timeoutMs: 70_000, everyMs: 50 });
    about(after(silent.endedAt), 60, "dropped");
    assert.deepEqual(new Set(silent.frames.map((frame) => frame.opcode)), new Set([OPCODE.ping]));
    about(after(silent.frames[0].at), 30, "the first ping came");
  });

  await t.test("the one that answers stays beyond 90 s, with a ping every 30 s, long after its token's exp", async () => {
    await until("three pings", () => living.pings.length >= 3, { timeoutMs: 40_000, everyMs: 50 });
    living.pings.forEach((at, index) => about(after(at), 30 * (index + 1), `ping ${index + 1} came`));
    await publish(server, { channel: "orion.x", data: 1 });
    await living.next(1);
    assert.equal(living.close, null);
  });
});
