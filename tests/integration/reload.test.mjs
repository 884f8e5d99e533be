// A changed configuration is used by the running process: `carillon reload`, SIGHUP and the admin address.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";

import {
  api, carillon, freePort, makeCertificate, metrics, mintToken, openClient, publish, rawExchange, run,
  startReloadable, temporaryFolder, tlsAddress, until, upgradeHead,
} from "./harness.mjs";

const OTHER_SECRET = "another-secret-another-secret-another-secret";

test("a reload", async (t) => {
  const server = await startReloadable(t);
  const client = await openClient(t, server.ws("/ws", mintToken()));

  await t.test("the control socket is for the process's user only", () => {
    assert.equal(statSync(server.control).mode & 0o777, 0o600);
  });

  await t.test("a changed limit is in use at once, and connected clients stay", async (t) => {
    server.write({ endpoint: "limits.connections = 1" });
    const { code, stdout, stderr } = await server.reload();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^The configuration was reloaded\.\nIn use now:\n {2}endpoint\[orion\]\.limits\.connections: "off" -> 1$/);
    const refused = await rawExchange(server.port, upgradeHead(`/ws?token=${mintToken()}`));
    assert.equal(refused.status, 503);
    server.write({});
    assert.equal((await server.reload()).code, 0);
    await openClient(t, server.ws("/ws", mintToken()));
    assert.equal(client.close, null);
  });

  await t.test("what needs a restart is named with both values, and not applied", async () => {
    server.write({ shards: 1, endpoint: "limits.connections = 5" });
    const { code, stdout } = await server.reload();
    assert.equal(code, 0);
    assert.match(stdout, /Needs a restart:\n {2}server\.shards: 2 -> 1$/);
    assert.match(stdout, /In use now:\n {2}endpoint\[orion\]\.limits\.connections: "off" -> 5\n/);
    server.write({});
    await server.reload();
  });

  await t.test("F22: a bad file changes nothing and says why", async () => {
    server.write({ endpoint: "limits.conections = 1" });
    const { code, stderr } = await server.reload();
    assert.equal(code, 1);
    assert.match(stderr, /gateway\.toml:\d+: endpoint\[0\]\.limits\.conections: unknown key; did you mean "connections"\?/);
    assert.match(stderr, /nothing was changed; the gateway keeps its settings/);
    const { json } = await api(server, "GET", "/health");
    assert.match(json.reload.error, /unknown key; did you mean "connections"/);
    const page = await metrics(server);
    assert.equal(page.sum("carillon_reloads_total", { result: "failure" }), 1);
    assert.ok(Math.abs(page.sum("carillon_reload_failure_timestamp_seconds") - Date.now() / 1000) < 60);
    await server.waitForLog("the failure", (log) => log.level === "error" && log.message.startsWith("the configuration was not reloaded"));
    server.write({});
    assert.equal((await server.reload()).code, 0);
    assert.equal((await api(server, "GET", "/health")).json.reload.error, undefined);
  });

  await t.test("a rotated key: tokens of the old one are refused, those that were verified before too", async (t) => {
    const old = mintToken();
    const before = await openClient(t, server.ws("/ws", old));
    writeFileSync(server.secretFile, OTHER_SECRET);
    assert.equal((await server.reload()).code, 0);
    // By this reload, or by one half a second after the file has changed.
    await server.waitForLog("the new key", (log) => /keys\.main\.secret: "\(secret\)" -> "\(secret\)"/.test(log.changed));
    assert.equal((await rawExchange(server.port, upgradeHead(`/ws?token=${old}`))).status, 401);
    await openClient(t, server.ws("/ws", mintToken({}, { secret: OTHER_SECRET })));
    assert.equal(before.close, null);
  });

  await t.test("SIGHUP does the same", async () => {
    server.write({ server: 'http_idle_timeout = "7s"' });
    server.signal("SIGHUP");
    await server.waitForLog("the reload", (log) =>
      log.message === "the configuration was reloaded" && log.cause === "SIGHUP" && /http_idle_timeout: "1m" -> "7s"/.test(log.changed));
  });

  await t.test("the level of the log", async () => {
    server.write({ extra: '[log]\nlevel = "error"' });
    assert.equal((await server.reload()).code, 0);
    const reloads = async () => (await metrics(server)).sum("carillon_reloads_total", { result: "success" });
    const lines = server.logs.length;
    const before = await reloads();
    server.signal("SIGHUP");
    await until("the second reload", async () => (await reloads()) > before);
    assert.equal(server.logs.slice(lines).filter((log) => log.level === "info").length, 0);
  });

  await t.test("the client that was there first has every event", async () => {
    await publish(server, { channel: "orion.last", data: { n: 1 } });
    assert.deepEqual(JSON.parse((await client.next(1))[0].data).payload, { n: 1 });
  });
});

test("a renewed certificate is served to new handshakes, and open connections stay", async (t) => {
  const certificate = await makeCertificate(t);
  const listen = `["127.0.0.1:0", ${tlsAddress("127.0.0.1:0", certificate)}]`;
  const server = await startReloadable(t, { listen });
  const port = Number(server.listen[1].split(":").pop());
  const client = await openClient(t, `wss://127.0.0.1:${port}/ws?token=${mintToken()}`, { ca: certificate.ca });
  const renewed = await makeCertificate(t);
  copyFileSync(renewed.certFile, certificate.certFile);
  copyFileSync(renewed.keyFile, certificate.keyFile);
  const { code, stderr } = await server.reload();
  assert.equal(code, 0, stderr);
  await server.waitForLog("the new certificate", (log) =>
    /server\.listen\[127\.0\.0\.1:0\]\.tls: \(PEM\) -> \(another PEM\)/.test(log.changed));
  const after = await openClient(t, `wss://127.0.0.1:${port}/ws?token=${mintToken()}`, { ca: renewed.ca });
  await publish(server, { channel: "orion.x", data: 1 });
  await Promise.all([client.next(1), after.next(1)]);

  await t.test("a certificate without its key is refused, and the old one stays", async (t) => {
    const other = await makeCertificate(t);
    copyFileSync(other.certFile, certificate.certFile);
    const torn = await server.reload();
    assert.equal(torn.code, 1);
    assert.match(torn.stderr, /server\.listen/);
    await openClient(t, `wss://127.0.0.1:${port}/ws?token=${mintToken()}`, { ca: renewed.ca });
  });
});

test("a certificate and its key that change on disk are read again, the configuration file is not", async (t) => {
  const certificate = await makeCertificate(t);
  const listen = `["127.0.0.1:0", ${tlsAddress("127.0.0.1:0", certificate)}]`;
  const server = await startReloadable(t, { listen });
  const port = Number(server.listen[1].split(":").pop());
  server.write({ endpoint: "a file that is being edited" });
  const renewed = await makeCertificate(t);
  copyFileSync(renewed.certFile, certificate.certFile);
  copyFileSync(renewed.keyFile, certificate.keyFile);
  await server.waitForLog("the renewal", (log) =>
    log.message === "the configuration was reloaded" && log.cause === "changed files" && /\.tls/.test(log.changed));
  await openClient(t, `wss://127.0.0.1:${port}/ws?token=${mintToken()}`, { ca: renewed.ca });
  assert.ok((await metrics(server)).sum("carillon_certificate_expiry_timestamp_seconds") > Date.now() / 1000);
});

test("the control socket", async (t) => {
  const server = await startReloadable(t);

  await t.test("a second process with the same configuration is refused", async () => {
    const { code, stderr } = await carillon(["serve", "--config", server.file]);
    assert.equal(code, 1);
    assert.match(stderr, /server\.control: cannot listen on .*: another process uses it/);
  });

  await t.test("it answers health, readiness and metrics to curl", async () => {
    const { stdout } = await run("curl", ["-sS", "--unix-socket", server.control, "http://carillon/ready"]);
    assert.equal(JSON.parse(stdout).ready, true);
  });

  await t.test("it is gone with the process", async () => {
    server.signal("SIGTERM");
    await server.exited;
    assert.equal(existsSync(server.control), false);
    const { code, stderr } = await server.reload();
    assert.equal(code, 1);
    assert.match(stderr, /no gateway listens there/);
  });
});

test("the admin address requires one of its keys, and serves nothing to clients", async (t) => {
  const port = await freePort();
  const server = await startReloadable(t, { extra: `[admin]\nlisten = ["127.0.0.1:${port}"]\nkeys = ["an-admin-key-0123456789"]` });
  const ask = (method, target, key) =>
    api({ port }, method, target, { headers: key ? { authorization: `Bearer ${key}` } : {} });
  assert.equal((await ask("GET", "/ready")).status, 401);
  assert.equal((await ask("GET", "/ready", "wrong-key-0123456789")).status, 401);
  assert.equal((await ask("GET", "/ready", "an-admin-key-0123456789")).status, 200);
  const reloaded = await ask("POST", "/v1/reload", "an-admin-key-0123456789");
  assert.deepEqual([reloaded.status, reloaded.json.reloaded], [200, true]);
  assert.equal((await ask("POST", "/v1/publish", "an-admin-key-0123456789")).status, 404);
  assert.equal((await api(server, "POST", "/v1/reload")).status, 404);
  assert.equal((await metrics(server)).sum("carillon_admin_refusals_total", { reason: "key" }), 2);
  await server.waitForLog("the refusal", (log) => log.message === "admin request refused" && log.reason === "wrong key");
});

test("`carillon reload` without a control socket says what to write", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "gateway.toml");
  writeFileSync(file, "[server]\n");
  const { code, stderr } = await carillon(["reload", "--config", file]);
  assert.equal(code, 1);
  assert.match(stderr, /server\.control is not set; write control = /);
});

test("`carillon reload --close` closes the clients whose key is gone, and no others", async (t) => {
  const keys = (names) => names.map((name) =>
    `[keys.${name}]\nalgorithms = ["HS256"]\nsecret = "the-secret-of-${name}-0123456789abcdef"`).join("\n");
  const tokenOf = (name) => mintToken({}, { secret: `the-secret-of-${name}-0123456789abcdef` });
  const server = await startReloadable(t, { keys: keys(["first", "second"]), endpoint: 'auth.removed_code = 4001' });
  const leaving = await Promise.all(Array.from({ length: 20 }, () => openClient(t, server.ws("/ws", tokenOf("first")))));
  const staying = await openClient(t, server.ws("/ws", tokenOf("second")));
  server.write({ keys: keys(["second"]) });
  assert.equal((await server.reload()).code, 0);
  assert.deepEqual(leaving.filter(({ close }) => close), [], "without --close all of them stay");
  const { code } = await carillon(["reload", "--config", server.file, "--close"]);
  assert.equal(code, 0);
  for (const client of leaving) assert.deepEqual((({ code: of, reason }) => [of, reason])(await client.closed), [4001, "Key removed"]);
  await publish(server, { channel: "orion.x", data: 1 });
  await staying.next(1);
  assert.equal(staying.close, null);
  assert.equal((await metrics(server)).sum("carillon_closes_total", { reason: "key_removed" }), 20);
});

test("the admin side answers while clients hold every other descriptor (ulimit -n 128)", async (t) => {
  const server = await startReloadable(t, { shards: 1 }, { under: ["prlimit", "--nofile=128:128"] });
  const clients = Array.from({ length: 200 }, () => {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(upgradeHead(`/ws?token=${mintToken()}`));
    t.after(() => socket.destroy());
    return socket;
  });
  await until("the descriptors to run out", async () => {
    const { stdout } = await run("curl", ["-sS", "--unix-socket", server.control, "http://carillon/metrics"]);
    return /^carillon_accepts_reserve_total [1-9]/m.test(stdout) || /reason="no_descriptor"} [1-9]/.test(stdout);
  });
  // More at once than it takes: the others wait their turn.
  const reloads = await Promise.all(Array.from({ length: 12 }, () => server.reload()));
  assert.deepEqual(reloads.map(({ code }) => code), Array(12).fill(0));
  assert.equal(clients.length, 200);
});
