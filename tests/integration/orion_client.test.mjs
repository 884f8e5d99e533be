// Clients of the orion protocol: messages of up to 512 bytes are ignored, and only a pong keeps the connection
// open. The times are short here; long/keepalive.test.mjs has the real ones.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, OPCODE, clientFrame, metrics, mintToken, openClient, openRaw, pause, publish, startCarillon, until, within,
} from "./harness.mjs";

test("orion 9: client data is read and ignored", async (t) => {
  const server = await startCarillon(t);
  const url = server.ws("/ws", mintToken());

  await t.test("text, binary, commands and 512 bytes are never answered", async (t2) => {
    const client = await openClient(t2, url);
    for (const data of ["hello", "", '{"type":"subscribe"}', Buffer.from([0, 255]), "x".repeat(512), Buffer.alloc(512)]) client.socket.send(data);
    // A pong proves that all before it has been read.
    const ponged = new Promise((resolve) => client.socket.once("pong", resolve));
    client.socket.ping("after all");
    assert.equal((await within("pong", 5000, ponged)).toString(), "after all");
    assert.deepEqual([client.messages.length, client.close], [0, null]);
    await publish(server, { channel: "orion.x", data: 1 });
    await client.next(1);
  });

  for (const data of ["x".repeat(513), Buffer.alloc(513), "y".repeat(100_000)]) {
    await t.test(`${data.length} bytes of ${typeof data === "string" ? "text" : "binary"} are closed with 1009`, async (t2) => {
      const client = await openClient(t2, url);
      client.socket.send(data);
      assert.equal((await within("closed", 5000, client.closed)).code, 1009);
    });
  }

  await t.test("513 bytes in fragments, or declared by a header alone, are closed with 1009", async (t2) => {
    const pieces = Buffer.concat([clientFrame(OPCODE.text, "x".repeat(512), { fin: false }), clientFrame(OPCODE.continuation, "x")]);
    const declared = Buffer.from([0x82, 0xfe, 0x02, 0x01, 1, 2, 3, 4]);
    for (const bytes of [pieces, declared]) {
      const raw = await openRaw(server.port, new URL(url).pathname + new URL(url).search);
      t2.after(() => raw.socket.destroy());
      raw.socket.write(bytes);
      const close = await until("a close frame", () => raw.frames.find((frame) => frame.opcode === OPCODE.close));
      assert.equal(close.payload.readUInt16BE(0), 1009);
    }
  });

  await t.test("each close is counted by its reason", async () => {
    await until("5 closes as too large", async () =>
      (await metrics(server)).sum(METRIC.closes, { endpoint: "orion", reason: "message_too_large" }) === 5);
  });
});

test("orion 7: pings and time-outs, with short times", async (t) => {
  const endpoint = { profile: "orion", "keepalive.ping": "200ms", "keepalive.timeout": "1s" };
  const server = await startCarillon(t, { endpoints: [endpoint] });
  const target = `/ws?token=${mintToken()}`;

  await t.test("a client that answers stays, and is pinged again and again", async (t2) => {
    const client = await openClient(t2, server.ws(target));
    await until("8 pings", () => client.pings.length >= 8);
    assert.equal(client.close, null);
  });

  await t.test("a silent client is dropped without a close frame, and data does not save it", async (t2) => {
    const raw = await openRaw(server.port, target);
    t2.after(() => raw.socket.destroy());
    const talk = setInterval(() => raw.socket.write(clientFrame(OPCODE.text, "still here")), 100);
    raw.socket.on("close", () => clearInterval(talk));
    t2.after(() => clearInterval(talk));
    const started = performance.now();
    await until("dropped", () => raw.end, { timeoutMs: 6000 });
    assert.ok(performance.now() - started > 700, "not before its time");
    assert.deepEqual(new Set(raw.frames.map((frame) => frame.opcode)), new Set([OPCODE.ping]));
  });

  await t.test("the drop is counted as ping_timeout", () =>
    until("counted", async () => (await metrics(server)).sum(METRIC.closes, { reason: "ping_timeout" }) === 1));
});

test("orion 10: a connection outlives its token's exp, and closes at it by setting", async (t) => {
  const server = await startCarillon(t, {
    endpoints: [{ profile: "orion" }, { profile: "orion", name: "strict", path: "/strict", "auth.close_at_exp": 1008 }],
  });
  const token = mintToken({ exp: Math.floor(Date.now() / 1000) + 2 });
  const lasting = await openClient(t, server.ws("/ws", token));
  const strict = await openClient(t, server.ws("/strict", token));
  assert.equal((await within("closed at exp", 6000, strict.closed)).code, 1008);
  await pause(500);
  await publish(server, { channel: "orion.x", data: 1 });
  await lasting.next(1);
  assert.equal(lasting.close, null);
});
