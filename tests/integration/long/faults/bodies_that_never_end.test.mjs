// Request bodies that never end: bounded in total and in time, answered 503 or 408. They never end the process,
// not even when the system has no more memory.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import net from "node:net";
import test from "node:test";

import { METRIC, api, metrics, mintToken, openClient, publish, startCarillon, until } from "../../harness.mjs";

const MIB = 1024 * 1024;
const HEAD = `POST /api/streams HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${MIB}\r\n\r\n`;
const ALMOST_ALL = Buffer.concat([Buffer.from(HEAD), Buffer.alloc(MIB - 1, "x")]);
const ENDPOINTS = [{ profile: "orion" }, { profile: "fluxora" }];

// Sends all of its body but one byte, and then nothing. `status` is the answer's, once there is one.
function neverEnding(port) {
  const client = { socket: net.connect(port, "127.0.0.1"), status: null, ended: false };
  client.socket.on("data", (data) => { client.status ??= Number(data.toString("latin1").split(" ")[1]); });
  client.socket.on("error", () => {});
  client.socket.on("close", () => { client.ended = true; });
  client.socket.write(ALMOST_ALL);
  return client;
}

const tally = (clients) => {
  const sums = {};
  for (const { status } of clients) sums[status] = (sums[status] ?? 0) + 1;
  return sums;
};

test("300 bodies of 1 MiB that never end take 64 MiB, and no longer than two of body_timeout", async (t) => {
  const server = await startCarillon(t, {
    server: { body_timeout: "3s", bodies_bytes_max: "64MiB" }, endpoints: ENDPOINTS,
  });
  const before = server.residentBytes();
  const clients = Array.from({ length: 300 }, () => neverEnding(server.port));
  t.after(() => clients.forEach(({ socket }) => socket.destroy()));
  let most = 0;
  await until(() => `all of them are answered: ${JSON.stringify(tally(clients))}`, async () => {
    most = Math.max(most, server.residentBytes() - before);
    assert.equal((await api(server, "GET", "/health")).status, 200);
    return clients.every(({ status }) => status !== null);
  }, { timeoutMs: 30_000, everyMs: 50 });
  t.diagnostic(`resident memory grew by ${(most / MIB).toFixed(1)} MiB; answers: ${JSON.stringify(tally(clients))}`);
  // In addition to the budget: sockets, and what malloc keeps between buffers that have grown. Without a budget: 300.
  assert.ok(most < 110 * MIB, `${(most / MIB).toFixed(1)} MiB`);
  assert.deepEqual(Object.keys(tally(clients)).sort(), ["408", "503"]);
  const now = await metrics(server);
  assert.equal(now.sum(METRIC.refusals, { reason: "bodies_full" }), tally(clients)[503]);
  assert.equal(now.sum(METRIC.refusals, { reason: "body_timeout" }), tally(clients)[408]);
  assert.equal(now.sum("carillon_request_body_bytes"), 0);
  await until("the memory is given back", () => server.residentBytes() - before < 12 * MIB, { timeoutMs: 30_000 });
  const headers = { "Content-Type": "application/json" };
  assert.equal((await api(server, "POST", "/api/streams", { headers, body: '{"name":"after"}' })).status, 201);
});

test("1,000 bodies without memory for them close no other connection", async (t) => {
  const server = await startCarillon(t, {
    server: { shards: 1, body_timeout: "3s", bodies_bytes_max: "1GiB" }, endpoints: ENDPOINTS,
  });
  const bystander = await openClient(t, server.ws("/ws", mintToken()));
  // What it has now, and room for 64 MiB, which is far less than the budget of bodies.
  const size = Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) * 1024;
  execFileSync("prlimit", [`--pid=${server.pid}`, `--as=${size + 64 * MIB}`]);
  const clients = Array.from({ length: 1000 }, () => neverEnding(server.port));
  t.after(() => clients.forEach(({ socket }) => socket.destroy()));
  await until(() => `all of them are answered: ${JSON.stringify(tally(clients))}`,
    () => clients.every(({ status, ended }) => status !== null || ended), { timeoutMs: 60_000, everyMs: 50 });
  t.diagnostic(`answers: ${JSON.stringify(tally(clients))}`);
  assert.equal(server.end, undefined, "the process lives");
  assert.ok(tally(clients)[503] > 500, JSON.stringify(tally(clients)));
  assert.ok((await metrics(server)).sum(METRIC.refusals, { reason: "memory" }) > 0);
  const event = { channel: "orion.content.created", data: { after: true } };
  await until("an event is published", async () => (await publish(server, event)).status === 200);
  await until("the bystander has it", () => bystander.messages.some(({ data }) => data.includes("after")));
});
