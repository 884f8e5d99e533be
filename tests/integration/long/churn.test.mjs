// Connections that are reset or closed at any point leave nothing behind.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import net from "node:net";
import test from "node:test";

import {
  clientFrame, connectionCount, mintToken, openClient, openRaw, publish, startCarillon, until, upgradeHead,
} from "../harness.mjs";

const ROUNDS = 5000;
const AT_ONCE = 50;
const MIB = 1024 * 1024;

test("resets in the handshake, in a frame and in the close leave no descriptor and no memory", async (t) => {
  const server = await startCarillon(t);
  const target = `/ws?token=${mintToken()}`;
  const witness = await openClient(t, server.ws(target));
  const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;

  const inHandshake = () => new Promise((resolve) => {
    const socket = net.connect(server.port, "127.0.0.1", () => {
      const head = upgradeHead(target);
      socket.write(head.slice(0, Math.floor(Math.random() * head.length)), () => socket.resetAndDestroy());
    });
    socket.on("error", () => {});
    socket.on("close", resolve);
  });
  const afterUpgrade = (bytes) => async () => {
    const raw = await openRaw(server.port, target).catch(() => null);
    await new Promise((resolve) => raw?.socket.write(bytes, () => resolve(raw.socket.resetAndDestroy())) ?? resolve());
  };
  const ways = [inHandshake, afterUpgrade(clientFrame(1, "half a frame").subarray(0, 9)), afterUpgrade(clientFrame(8, Buffer.from([3, 232])))];

  const rounds = async (count) => {
    let left = count;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while ((left -= 1) >= 0) await ways[left % ways.length]();
    }));
    await until("only the witness is left", async () => (await connectionCount(server)) === 1, { timeoutMs: 30_000 });
  };

  await rounds(1000); // whatever is made once is made by now
  await until("descriptors settle", () => descriptors() < 60, { timeoutMs: 10_000 });
  const before = { memory: server.residentBytes(), descriptors: descriptors() };
  await rounds(ROUNDS);
  await until("descriptors are back", () => descriptors() <= before.descriptors + 2, { timeoutMs: 30_000 });
  const grown = server.residentBytes() - before.memory;
  assert.ok(grown < 4 * MIB, `${(grown / MIB).toFixed(1)} MiB after ${ROUNDS} rounds`);
  await publish(server, { channel: "orion.x", data: 1 });
  await witness.next(1);
  assert.equal(witness.close, null);
});
