// File descriptors run out, or HTTP connections use too many: a well-behaved client is served, the operator can
// see the cause, and the log reports it once a minute.
import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";

import { api, metrics, mintToken, openClient, parseResponse, pause, publish, startCarillon, until, upgradeHead, within } from "./harness.mjs";

const target = () => `/ws?token=${mintToken()}`;
const KEPT_ALIVE = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

function connect(t, server, bytes) {
  const socket = net.connect(server.port, "127.0.0.1");
  t.after(() => socket.destroy());
  const client = { socket, bytes: Buffer.alloc(0), closed: false };
  socket.on("data", (chunk) => { client.bytes = Buffer.concat([client.bytes, chunk]); });
  socket.on("error", () => {});
  socket.on("close", () => { client.closed = true; });
  socket.write(bytes);
  return client;
}
const status = (client) => parseResponse(client.bytes).status;
const answered = (client) => client.closed || status(client) !== 0;

function assertAllServed(clients) {
  const others = clients.filter((each) => status(each) !== 200);
  assert.deepEqual(others.map((each) => each.bytes.toString().split("\r\n")[0]), [], "each had 200");
}

test("200 idle keep-alive HTTP connections do not keep a good client waiting (ulimit -n 128)", async (t) => {
  const server = await startCarillon(t, { server: { shards: 1 }, under: ["prlimit", "--nofile=128:128"] });
  const idle = Array.from({ length: 200 }, () => connect(t, server, KEPT_ALIVE));
  const start = performance.now();
  const client = await openClient(t, server.ws("/ws", mintToken()));
  assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms`);
  await until("all to be answered", () => idle.every(answered));
  assertAllServed(idle);
  assert.equal((await publish(server, { channel: "orion.x", data: 1 })).status, 200);
  await client.next(1);
  const now = await metrics(server);
  assert.ok(now.sum("carillon_http_connections") <= 32, "a quarter of the descriptors");
  assert.ok(now.sum("carillon_http_idle_closes_total") >= 168);
});

test("after a stop of two seconds no client is refused whose request waits in the kernel", async (t) => {
  const server = await startCarillon(t, { server: { shards: 1 }, under: ["prlimit", "--nofile=128:128"] });
  const waiting = Array.from({ length: 31 }, () => connect(t, server, ""));
  await until("all to be accepted", async () => (await metrics(server)).sum("carillon_http_connections") === 32);
  server.signal("SIGSTOP");
  await pause(2000);  // the time in which the process does not run is what is tested
  const late = Array.from({ length: 60 }, () => connect(t, server, KEPT_ALIVE));
  await until("their handshakes", () => late.every((each) => !each.socket.connecting));
  for (const each of waiting) each.socket.write(KEPT_ALIVE);
  await until("their requests to leave", () => waiting.every((each) => each.socket.bytesWritten === KEPT_ALIVE.length));
  server.signal("SIGCONT");
  await until("all to be answered", () => [...waiting, ...late].every(answered));
  assertAllServed([...waiting, ...late]);
});

test("60 connections that send nothing make room after a second each (ulimit -n 128)", async (t) => {
  const server = await startCarillon(t, { server: { shards: 1 }, under: ["prlimit", "--nofile=128:128"] });
  for (let n = 0; n < 60; n += 1) connect(t, server, "");
  const start = performance.now();
  await openClient(t, server.ws("/ws", mintToken()));
  assert.ok(performance.now() - start < 4000, `${performance.now() - start} ms`);
  assert.ok((await metrics(server)).sum("carillon_refusals_total", { reason: "http_connections_max" }) >= 20);
});

test("when WebSockets hold every descriptor, /health and /metrics answer and others get 503", async (t) => {
  const server = await startCarillon(t, { server: { shards: 1 }, under: ["prlimit", "--nofile=64:64"], endpoints: [{ profile: "orion", "limits.accepts_per_ip": "off" }] });
  const clients = [];
  for (;;) {
    const client = connect(t, server, upgradeHead(target()));
    await until("an answer", () => answered(client));
    if (status(client) !== 101) break;
    clients.push(client);
  }
  assert.ok(clients.length > 15 && clients.length < 55, `${clients.length} clients`);
  const late = Array.from({ length: 30 }, () => connect(t, server, upgradeHead(target())));
  const start = performance.now();
  for (let n = 0; n < 5; n += 1) {
    assert.equal((await api(server, "GET", "/health")).status, 200);
    assert.equal((await api(server, "GET", "/ready")).status, 200);
  }
  const now = await metrics(server);
  assert.ok(performance.now() - start < 3000, `${performance.now() - start} ms`);
  await until("503 for the others", () => late.every(answered));
  for (const each of late) assert.deepEqual([status(each), parseResponse(each.bytes).headers["retry-after"]], [503, "5"]);
  assert.ok(now.sum("carillon_refusals_total", { reason: "no_descriptor" }) >= 1);
  assert.ok(now.sum("carillon_accepts_reserve_total") >= 10);
  assert.equal(server.logs.filter((log) => log.message.startsWith("no file descriptor is left")).length, 1);

  clients[0].socket.destroy();
  await until("a place for a new client", async () => {
    const client = connect(t, server, upgradeHead(target()));
    await until("an answer", () => answered(client));
    return status(client) === 101;
  });
});

test("a client that sends nothing on the spare descriptor does not keep it", async (t) => {
  const server = await startCarillon(t, { server: { shards: 1 }, under: ["prlimit", "--nofile=64:64"], endpoints: [{ profile: "orion", "limits.accepts_per_ip": "off" }] });
  for (let full = false; !full;) {
    const client = connect(t, server, upgradeHead(target()));
    await until("an answer", () => answered(client));
    full = status(client) !== 101;
  }
  const silent = connect(t, server, "");
  await within("an answer behind it", 3000, api(server, "GET", "/health"));
  await until("the silent one to be closed", () => silent.closed);
});
