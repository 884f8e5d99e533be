// wss:// and https:// next to plain addresses, with widely used clients.
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { writeFileSync } from "node:fs";
import path from "node:path";

import {
  METRIC, carillon, configText, connectionCount, makeCertificate, metrics, mintToken, openClient, openPool,
  openPythonClients, publish, rawExchange, run, shakeHands, startCarillon, temporaryFolder, tlsAddress,
  until, upgradeHead, within,
} from "./harness.mjs";

// A plain and a TLS address on two shards; server.tlsPort and server.wss().
async function startWithTls(t, certificate, endpoint = {}) {
  const plain = configText({ server: { shards: 2 }, endpoints: [{ profile: "orion", ...endpoint }] });
  const both = `listen = ["127.0.0.1:0", ${tlsAddress("localhost:0", certificate)}]`;
  const server = await startCarillon(t, { text: plain.replace(/^listen = .*$/m, both) });
  const ports = server.listen.map((address) => Number(address.split(":").pop()));
  server.tlsPort = ports[1];
  server.wss = (token) => `wss://127.0.0.1:${server.tlsPort}/ws?token=${token}`;
  return server;
}

const payloads = (client) => client.messages.map((message) => JSON.parse(message.data).payload);

test("plain and TLS addresses at once", async (t) => {
  const certificate = await makeCertificate(t);
  const { ca } = certificate;
  const server = await startWithTls(t, certificate);

  await t.test("C1: clients over wss and over ws receive the same", async (t) => {
    const plain = await openClient(t, server.ws("/ws", mintToken()));
    const tls = await openClient(t, server.wss(mintToken()), { ca });
    await publish(server, Array.from({ length: 100 }, (_, n) => ({ channel: "orion.x", data: { n } })));
    await Promise.all([plain.next(100), tls.next(100)]);
    assert.deepEqual(payloads(tls), payloads(plain));
    tls.socket.close(1000, "done");
    assert.equal((await within("the close", 5000, tls.closed)).code, 1000);
  });

  await t.test("a large event, and many at once", async (t) => {
    const client = await openClient(t, server.wss(mintToken()), { ca });
    const large = "x".repeat(500_000);
    await publish(server, [{ channel: "orion.x", data: large }, { channel: "orion.x", data: 1 }]);
    await client.next(2);
    assert.deepEqual(payloads(client), [large, 1]);
  });

  await t.test("curl reads /health over https", async () => {
    const args = ["--silent", "--show-error", "--cacert", certificate.certFile, `https://localhost:${server.tlsPort}/health`];
    const { code, stdout, stderr } = await run("curl", args);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).status, "ok");
  });

  await t.test("Python's websockets over wss", async (t) => {
    const python = await openPythonClients(t, {
      url: server.wss(mintToken()).replace("127.0.0.1", "localhost"), count: 3, expected: 20, env: { SSL_CERT_FILE: certificate.certFile },
    });
    await publish(server, Array.from({ length: 20 }, (_, n) => ({ channel: "orion.x", data: { n } })));
    assert.deepEqual((await python.verdict).filter((verdict) => verdict.faults.length > 0 || verdict.received !== 20), []);
  });

  await t.test("a session is resumed on whichever shard it comes back to", async () => {
    const ask = (socket) => {
      socket.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
      return within("an answer, and the tickets before it", 5000, once(socket, "data"));
    };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"]) {
      const first = await shakeHands(server.tlsPort, { ca, maxVersion });
      await ask(first.socket);
      const ticket = first.socket.getSession();
      first.socket.destroy();
      for (let n = 0; n < 8; n += 1) {
        const { socket, error } = await shakeHands(server.tlsPort, { ca, maxVersion, session: ticket });
        assert.equal(error, undefined);
        assert.equal(socket.isSessionReused(), true, maxVersion);
        await ask(socket);
        socket.destroy();
      }
    }
    assert.equal((await metrics(server)).sum("carillon_tls_resumptions_total"), 16);
  });

  await t.test("ALPN: http/1.1 where it is offered, a refusal where only others are, and a connection without any", async () => {
    const refused = await shakeHands(server.tlsPort, { ca, ALPNProtocols: ["h2"] });
    assert.match(refused.error.code, /NO_APPLICATION_PROTOCOL/);
    for (const [offered, chosen] of [[["h2", "http/1.1"], "http/1.1"], [undefined, false]]) {
      const { socket, error } = await shakeHands(server.tlsPort, { ca, ALPNProtocols: offered });
      assert.equal(error, undefined);
      assert.equal(socket.alpnProtocol, chosen);
      socket.destroy();
    }
  });

  await t.test("openssl s_client -groups ffdhe8192 is refused, X25519 is not", async () => {
    for (const [group, code] of [["ffdhe8192", 1], ["ffdhe2048", 1], ["X25519", 0], ["P-384", 0]]) {
      const args = ["s_client", "-connect", `127.0.0.1:${server.tlsPort}`, "-tls1_3", "-groups", group];
      assert.equal((await run("openssl", args, { input: "" })).code, code, group);
    }
  });

  await t.test("old versions, weak suites, plain HTTP and garbage are refused under one reason, and other clients are not affected", async (t) => {
    const bystander = await openClient(t, server.wss(mintToken()), { ca });
    const refused = async () => (await metrics(server)).sum(METRIC.refusals, { reason: "tls_handshake" });
    const before = await refused();
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    assert.match((await shakeHands(server.tlsPort, { ca, ...old })).error.code, /PROTOCOL_VERSION/);
    const weak = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA" };
    assert.match((await shakeHands(server.tlsPort, { ca, ...weak })).error.code, /HANDSHAKE_FAILURE/);
    assert.equal((await rawExchange(server.tlsPort, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")).end, "fin");
    assert.equal((await rawExchange(server.tlsPort, Buffer.alloc(5000, 0xa5))).end, "fin");
    assert.equal(await refused(), before + 4);
    const log = server.logs.find((line) => line.reason === "tls_handshake");
    assert.equal(log.message, "request refused");
    await publish(server, { channel: "orion.x", data: "still here" });
    await bystander.next(1);
  });
});

test("200 wss clients receive 200 events, none missing, and a drain closes them with 1001", async (t) => {
  const certificate = await makeCertificate(t);
  const server = await startWithTls(t, certificate);
  const pool = await openPool(t, { url: server.wss(mintToken()), count: 200, ca: certificate.ca });
  await until("200 connections", async () => (await connectionCount(server)) === 200);
  for (let n = 0; n < 200; n += 1) await publish(server, { channel: "orion.content.created", data: { n } });
  await pool.waitForEach(200);
  const verdicts = await pool.judge(0, 200);
  assert.deepEqual(verdicts.filter((v) => v.faults.length > 0 || v.close !== null), []);
  server.signal("SIGTERM");
  await until("all closed", async () => (await pool.progress()).open === 0);
  assert.deepEqual(new Set((await pool.verdicts()).map((v) => v.close.code)), new Set([1001]));
});

test("a wss client that never reads is closed by the lag rules, and other clients are not affected", async (t) => {
  const certificate = await makeCertificate(t);
  const { ca } = certificate;
  const server = await startWithTls(t, certificate, { "lag.bytes_max": "64KiB" });
  const healthy = await openClient(t, server.wss(mintToken()), { ca });
  const { socket: stalled } = await shakeHands(server.tlsPort, { ca });
  const ended = new Promise((resolve) => {
    stalled.on("error", (error) => resolve(error.code));
    stalled.on("close", () => resolve("closed"));
  });
  stalled.pause();
  stalled.write(upgradeHead(`/ws?token=${mintToken()}`));
  await until("two connections", async () => (await connectionCount(server)) === 2);
  const slow = async () => (await metrics(server)).sum(METRIC.closes, { reason: "slow_consumer" });
  const filler = "x".repeat(100_000);
  let published = 0;
  await until("the stalled one is closed", async () => {
    await publish(server, { channel: "orion.x", data: { n: published, filler } });
    published += 1;
    await healthy.next(published); // it keeps up, so what is slow is the other one
    return (await slow()) === 1;
  }, { timeoutMs: 30_000, everyMs: 1 });
  await until("it is gone", async () => (await metrics(server)).sum("carillon_sockets") <= 2);
  stalled.resume();
  assert.ok(["ECONNRESET", "closed"].includes(await within("its end", 5000, ended)));
  await healthy.next(published);
  assert.deepEqual(payloads(healthy).map((payload) => payload.n), Array.from({ length: published }, (_, n) => n));
});

test("carillon check and serve verify certificate and key", async (t) => {
  const good = await makeCertificate(t);
  const other = await makeCertificate(t);
  const file = path.join(temporaryFolder(t), "gateway.toml");
  const write = (certificate) =>
    writeFileSync(file, configText().replace(/^listen = .*$/m, `listen = ${tlsAddress("0.0.0.0:0", certificate)}`));

  write(good);
  const fine = await carillon(["check", file]);
  assert.equal(fine.code, 0, fine.stderr);
  assert.doesNotMatch(fine.stdout, /without TLS/);

  write({ certFile: good.certFile, keyFile: other.keyFile });
  for (const args of [["check", file], ["serve", "--config", file]]) {
    const answer = await carillon(args);
    assert.equal(answer.code, 2);
    assert.ok(answer.stderr.startsWith(`${file}:2: server.listen.tls.key: the file "${other.keyFile}" does not belong to`), answer.stderr);
  }
});
