// Memory: near the limit new clients are refused while connected ones go on, and the memory of a large message is
// released.
import assert from "node:assert/strict";
import test from "node:test";
import { deflateRawSync, constants } from "node:zlib";

import {
  METRIC, api, metrics, mintToken, openClient, rawExchange, startCarillon, until, upgradeHead,
} from "./harness.mjs";

const MIB = 1024 * 1024;

test("near its memory limit the gateway refuses new clients and keeps those it has", async (t) => {
  // Its own resident set is about 14 MiB: over 85 % of the smallest limit that the configuration takes.
  const server = await startCarillon(t, { server: { memory_limit: "16MiB", shards: 1 } });
  const refused = async () => {
    const { status } = await rawExchange(server.port, upgradeHead(`/ws?token=${mintToken()}`), { timeoutMs: 1000 });
    return status === 503;
  };
  await until("the first sample shows that memory is short", refused);
  assert.ok((await metrics(server)).sum(METRIC.refusals, { reason: "memory" }) >= 1);
  assert.ok((await metrics(server)).sum("carillon_memory_level") >= 1);
  assert.equal((await metrics(server)).sum("carillon_memory_limit_bytes"), 16 * MIB);
  assert.equal((await api(server, "GET", "/health")).status, 200);
  await server.waitForLog("memory is short", ({ message }) => /^memory is (very )?short/.test(message));
});

// The frame of one compressed text message (RFC 7692), masked with zeros.
function bomb(bytes) {
  const payload = deflateRawSync(Buffer.alloc(bytes, "a"), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const head = Buffer.alloc(8);
  head.set([0xc1, 0x80 | 126]);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

test("deflate bombs leave no memory behind", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion" }, { profile: "echo" }], server: { shards: 1 } });
  const open = () => openClient(t, server.ws("/echo"), { perMessageDeflate: true, maxPayload: 32 * MIB });
  const before = server.residentBytes();
  const clients = [];
  for (let i = 0; i < 10; i += 1) clients.push(await open());
  // Two are over the limit of 16 MiB, and are stopped while they inflate.
  clients.forEach((client, i) => client.socket._socket.write(bomb((i < 2 ? 17 : 16) * MIB)));
  await Promise.all(clients.slice(2).map((client) => client.next(1, 60_000)));
  await until("the others are closed", async () =>
    (await metrics(server)).sum(METRIC.closes, { reason: "message_too_large" }) === 2, { timeoutMs: 30_000 });
  const left = () => server.residentBytes() - before;
  await until(() => `the memory is given back; ${(left() / MIB).toFixed(1)} MiB are left`, () => left() < 4 * MIB);
});
