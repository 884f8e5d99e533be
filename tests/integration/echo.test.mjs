// The echo profile for conformance suites, which is served only where it is configured.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";

import { OPCODE, clientFrame, openClient, openRaw, rawExchange, startCarillon, until, upgradeHead, within } from "./harness.mjs";

const MIB = 1024 * 1024;

test("echo", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion" }, { profile: "echo" }] });

  async function echoed(client, data, options = {}) {
    const from = client.messages.length;
    client.socket.send(data, options);
    const message = (await client.next(from + 1, 20_000)).at(-1);
    assert.equal(message.isBinary, typeof data !== "string");
    assert.ok(Buffer.from(data).equals(message.data), `${Buffer.byteLength(data)} bytes came back as they were`);
  }

  for (const perMessageDeflate of [false, true]) {
    await t.test(`text and binary of every size class come back${perMessageDeflate ? ", with deflate" : ""}`, async (t2) => {
      const client = await openClient(t2, server.ws("/echo"), { perMessageDeflate, maxPayload: 32 * MIB });
      assert.equal(client.socket.extensions.includes("permessage-deflate"), perMessageDeflate);
      for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, MIB]) {
        await echoed(client, "ä".repeat(size / 2));
        await echoed(client, randomBytes(size));
      }
      await echoed(client, "x".repeat(MIB));
    });
  }

  await t.test("deflate is agreed on without context takeover on either side", async () => {
    const head = upgradeHead("/echo", { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" });
    const { headers } = await rawExchange(server.port, head, { timeoutMs: 300 });
    const agreed = headers["sec-websocket-extensions"].split(";").map((part) => part.trim());
    assert.equal(agreed[0], "permessage-deflate");
    for (const parameter of ["server_no_context_takeover", "client_no_context_takeover"]) assert.ok(agreed.includes(parameter), agreed.join());
  });

  await t.test("16 MiB come back, one byte more is 1009", async (t2) => {
    const client = await openClient(t2, server.ws("/echo"), { maxPayload: 32 * MIB });
    await echoed(client, randomBytes(16 * MIB));
    client.socket.send(randomBytes(16 * MIB + 1));
    assert.equal((await within("closed", 20_000, client.closed)).code, 1009);
  });

  await t.test("a deflate bomb is stopped at the limit: 1009", async (t2) => {
    const client = await openClient(t2, server.ws("/echo"), { perMessageDeflate: true, maxPayload: 32 * MIB });
    const before = server.residentBytes();
    client.socket.send("a".repeat(200 * MIB));
    assert.equal((await within("closed", 30_000, client.closed)).code, 1009);
    assert.ok(server.residentBytes() - before < 64 * MIB);
  });

  await t.test("fragments with a ping between them are one message", async (t2) => {
    const raw = await openRaw(server.port, "/echo");
    t2.after(() => raw.socket.destroy());
    raw.socket.write(clientFrame(OPCODE.text, "one ", { fin: false }));
    raw.socket.write(clientFrame(OPCODE.ping, "are you there?"));
    raw.socket.write(clientFrame(OPCODE.continuation, "and two"));
    await until("pong and echo", () => raw.frames.length >= 2);
    assert.deepEqual(raw.frames.map((f) => [f.opcode, f.payload.toString()]), [[OPCODE.pong, "are you there?"], [OPCODE.text, "one and two"]]);
  });

  await t.test("the same, one byte a segment", async (t2) => {
    const raw = await openRaw(server.port, "/echo");
    t2.after(() => raw.socket.destroy());
    raw.socket.setNoDelay(true);
    for (const byte of clientFrame(OPCODE.text, "slowly")) {
      await new Promise((resolve) => raw.socket.write(Buffer.from([byte]), resolve));
    }
    await until("the echo", () => raw.frames.length === 1);
    assert.equal(raw.frames[0].payload.toString(), "slowly");
  });

  await t.test("a close is echoed with its code", async (t2) => {
    for (const code of [1000, 1001, 3000, 4999]) {
      const client = await openClient(t2, server.ws("/echo"));
      client.socket.close(code, "bye");
      assert.equal((await within("closed", 5000, client.closed)).code, code);
    }
  });

  const broken = [
    ["an unmasked frame", Buffer.from([0x81, 0x01, 0x61]), 1002],
    ["a reserved bit", Buffer.from([0xc1 | 0x20, 0x80, 0, 0, 0, 0]), 1002],
    ["a reserved opcode", clientFrame(3, "x"), 1002],
    ["a stray continuation", clientFrame(OPCODE.continuation, "x"), 1002],
    ["a fragmented ping", clientFrame(OPCODE.ping, "x", { fin: false }), 1002],
    ["a ping of 126 bytes", clientFrame(OPCODE.ping, "x".repeat(126)), 1002],
    ["a length of 2^63", Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1002],
    ["invalid UTF-8", clientFrame(OPCODE.text, Buffer.from([0xc0, 0xaf])), 1007],
    ["close 1005", clientFrame(OPCODE.close, Buffer.from([0x03, 0xed])), 1002],
    ["a close of one byte", clientFrame(OPCODE.close, "x"), 1002],
  ];
  for (const [name, bytes, code] of broken) {
    await t.test(`${name} is closed with ${code}`, async (t2) => {
      const raw = await openRaw(server.port, "/echo");
      t2.after(() => raw.socket.destroy());
      raw.socket.write(bytes);
      const close = await until("a close frame", () => raw.frames.find((frame) => frame.opcode === OPCODE.close));
      assert.equal(close.payload.readUInt16BE(0), code);
      await until("the end of the connection", () => raw.end);
    });
  }
});

test("echo is not served unless it is configured", async (t) => {
  const server = await startCarillon(t);
  assert.equal((await rawExchange(server.port, upgradeHead("/echo"))).status, 404);
});
