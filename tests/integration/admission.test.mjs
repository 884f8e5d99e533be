// Admission with the real binary: limits per address and in total, and clients behind proxies.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";

import {
  METRIC, carillon, metrics, mintToken, parseResponse, startCarillon, temporaryFolder, until, upgradeHead, within,
} from "./harness.mjs";

const target = (claims) => `/ws?token=${mintToken(claims)}`;

// Sends bytes and waits for a whole head or the end: { status, headers, body, socket }. The connection
// stays open until the test ends or `socket` is destroyed.
function knock(t, server, bytes, { from = "127.0.0.1" } = {}) {
  const socket = net.connect({ port: server.port, host: "127.0.0.1", localAddress: from });
  t.after(() => socket.destroy());
  const chunks = [];
  return within("an answer", 10_000, new Promise((resolve) => {
    const done = () => resolve({ ...parseResponse(Buffer.concat(chunks)), socket });
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      const answer = Buffer.concat(chunks);
      if (answer.includes("\r\n\r\n") && parseResponse(answer).status === 101) done();
    });
    socket.on("error", done);
    socket.on("close", done);
    socket.write(bytes);
  }));
}

const withHeader = (name, value) => upgradeHead(target(), { [name]: value });

async function leave(server, client, connections) {
  client.socket.destroy();
  await until("the count to fall", async () => (await metrics(server)).sum(METRIC.connections) === connections);
}

test("grimnir 7: 100 accepted connections of one address a minute, then 429 with Retry-After", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion", "limits.accepts_per_ip": 100 }] });
  for (let i = 0; i < 20; i += 1) {
    assert.equal((await knock(t, server, upgradeHead("/ws?token=bad"))).status, 401, "which does not count");
  }
  for (let i = 1; i <= 100; i += 1) {
    const client = await knock(t, server, upgradeHead(target()));
    assert.equal(client.status, 101, `connection ${i}`);
    if (i % 2 === 0) client.socket.destroy(); // leaving does not give an accept back
  }
  const refused = await knock(t, server, upgradeHead(target()));
  assert.equal(refused.status, 429);
  const after = Number(refused.headers["retry-after"]);
  assert.ok(Number.isInteger(after) && after >= 1 && after <= 60, refused.headers["retry-after"]);
  assert.equal(refused.headers["content-type"], "application/json");
  assert.equal((await knock(t, server, upgradeHead(target()), { from: "127.0.0.2" })).status, 101, "another address");
  assert.equal((await metrics(server)).sum(METRIC.refusals, { reason: "accept_rate" }), 1);
});

test("grimnir 7: connections beyond the endpoint's cap are answered 503", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion", "limits.connections": 3 }] });
  const clients = [];
  for (let i = 0; i < 3; i += 1) {
    clients.push(await knock(t, server, upgradeHead(target()), { from: `127.0.0.${i + 1}` }));
  }
  assert.deepEqual(clients.map((client) => client.status), [101, 101, 101]);
  assert.equal((await knock(t, server, upgradeHead(target()), { from: "127.0.0.9" })).status, 503);
  await leave(server, clients[0], 2);
  assert.equal((await knock(t, server, upgradeHead(target()), { from: "127.0.0.9" })).status, 101);
});

test("connections of one address and of one user have caps of their own", async (t) => {
  const server = await startCarillon(t, {
    server: { shards: 2 },
    endpoints: [{ profile: "orion", "limits.connections_per_ip": 3, "limits.connections_per_user": 2 }],
  });
  const as = (sub, from) => knock(t, server, upgradeHead(target({ sub })), { from });
  const first = await as("a", "127.0.0.2");
  assert.deepEqual([first.status, (await as("a", "127.0.0.2")).status, (await as("b", "127.0.0.2")).status], [101, 101, 101]);
  assert.equal((await as("c", "127.0.0.2")).status, 503);
  const user = await as("a", "127.0.0.3");
  assert.equal(user.status, 429);
  assert.equal(user.headers["retry-after"], "5");
  await leave(server, first, 2);
  assert.equal((await as("a", "127.0.0.3")).status, 101);
  assert.equal((await as("c", "127.0.0.2")).status, 101);
  const { by } = await metrics(server);
  assert.equal(by(METRIC.refusals, "reason").address_full, 1);
  assert.equal(by(METRIC.refusals, "reason").user_full, 1);
});

test("X-Forwarded-For and Forwarded are used only from a trusted proxy", async (t) => {
  for (const [choice, header, write] of [
    ["x-forwarded-for", "X-Forwarded-For", (address) => address],
    ["forwarded", "Forwarded", (address) => `for="${address}"`],
  ]) {
    const server = await startCarillon(t, {
      server: { trusted_proxies: ["127.0.0.1/32"], client_address: choice },
      endpoints: [{ profile: "orion", "limits.connections_per_ip": 1 }],
    });
    const by = (value, from) => knock(t, server, withHeader(header, value), { from });
    assert.equal((await by(write("192.0.2.1"))).status, 101);
    assert.equal((await by(write("192.0.2.2"))).status, 101);
    assert.equal((await by(`${write("9.9.9.9")}, ${write("192.0.2.1")}`)).status, 503);
    const log = await server.waitForLog("the refusal", (line) => line.reason === "address_full");
    assert.equal(log.address, "192.0.2.1", "logs name the client");
    assert.equal((await by("!")).status, 101, "malformed: the proxy itself");
    assert.equal((await by(write("192.0.2.3"), "127.0.0.5")).status, 101);
    assert.equal((await by(write("192.0.2.4"), "127.0.0.5")).status, 503, "not trusted: its own address counts");
    assert.equal((await metrics(server)).sum("carillon_forwarded_malformed_total"), 1);
  }
});

test("the PROXY header names the client, before any other byte", async (t) => {
  const server = await startCarillon(t, {
    text: `
      [server]
      listen = [{ addr = "127.0.0.1:0", proxy_protocol = "on" }, "127.0.0.1:0"]
      trusted_proxies = ["127.0.0.1"]
      drain = "1s"
      [keys.main]
      secret = { env = "CARILLON_JWT_SECRET" }
      [[endpoint]]
      profile = "orion"
      limits.connections_per_ip = 1`,
  });
  const plain = { port: Number(server.listen[1].split(":").pop()) };
  const v1 = (address) => Buffer.from(`PROXY TCP4 ${address} 127.0.0.1 4711 443\r\n`);
  const v2 = (...address) =>
    Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 16, ...address, 127, 0, 0, 1, 1, 2, 1, 187, 4, 0, 1, 0]);
  const as = (header, options) => knock(t, server, Buffer.concat([header, Buffer.from(upgradeHead(target()))]), options);

  assert.equal((await as(v1("192.0.2.1"))).status, 101);
  assert.equal((await as(v2(192, 0, 2, 2))).status, 101);
  assert.equal((await as(v2(192, 0, 2, 1))).status, 503, "the same client by either version");
  assert.equal((await as(Buffer.from("PROXY UNKNOWN\r\n"))).status, 101, "the proxy itself");
  assert.equal((await as(Buffer.alloc(0))).status, 0, "no header: closed");
  assert.equal((await as(v1("192.0.2.3"), { from: "127.0.0.7" })).status, 0, "not trusted: closed");
  assert.equal((await knock(t, plain, upgradeHead(target()), { from: "127.0.0.8" })).status, 101, "the other address is plain");
  assert.equal((await metrics(plain)).sum(METRIC.refusals, { reason: "proxy_header" }), 2);
  // Refusals right behind one another share a log line, so one that stands alone is needed to see its own.
  await until("a log line: the refusal", async () => {
    await as(Buffer.alloc(0));
    return server.logs.find((line) => line.reason === "proxy_header");
  });
});

test("check reports what a proxy's configuration lacks", async (t) => {
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, '[server]\nclient_address = "x-forwarded-for"\n[[endpoint]]\nprofile = "orion"\n');
  const { code, stdout, stderr } = await carillon(["check", file]);
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /gateway\.toml:2: server\.client_address: .*write server\.trusted_proxies = \["10\.0\.0\.0\/8"\]/);
});

test("more clients than the soft limit of descriptors: it is raised to the hard one", async (t) => {
  const server = await startCarillon(t, { under: ["prlimit", "--nofile=64:500"] });
  assert.equal(server.logs.find((log) => log.message === "ready").descriptors, 500);
  for (let i = 1; i <= 100; i += 1) assert.equal((await knock(t, server, upgradeHead(target()))).status, 101, `connection ${i}`);
});
