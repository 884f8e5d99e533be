// `carillon check` and `carillon serve` accept and refuse the same configurations, with the same messages.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  api, carillon, configText, makeCertificate, metrics, mintToken, openClient, publish, run, startCarillon,
  startRedis, startReloadable, temporaryFolder, tlsAddress, until,
} from "./harness.mjs";

const output = ({ stdout, stderr }) => stdout + stderr;

// Both verdicts; a gateway that starts is a failure here.
async function refusedAlike(t, text, expected, options = {}) {
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, text);
  const checked = await carillon(["check", file], options);
  const served = await carillon(["serve", "--config", file], options);
  for (const answer of [checked, served]) {
    assert.equal(answer.code, 2, output(answer));
    assert.match(output(answer), expected);
  }
  assert.equal(checked.stderr, served.stderr);
}

test("a file whose endpoints require no token needs no keys", async (t) => {
  const env = { CARILLON_JWT_SECRET: undefined, CARILLON_API_KEY: undefined };
  const text = '[server]\nlisten = ["127.0.0.1:0"]\ndrain = "1s"\n\n[[endpoint]]\nprofile = "fluxora"\n';
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, text);
  assert.equal((await carillon(["check", file], { env })).code, 0);
  const server = await startCarillon(t, { text, env });
  const client = await openClient(t, server.ws("/ws/streams"));
  assert.equal((await api(server, "POST", "/api/streams", { headers: { "Content-Type": "application/json" }, body: "{}" })).status, 201);
  await client.next(1);
});

test("a configuration that cannot work is refused by check and by serve", async (t) => {
  const folder = temporaryFolder(t);
  const listen = (items) => configText().replace(/^listen = .*$/m, `listen = [${items.join(", ")}]`);

  await t.test("two addresses that use the same port", (t) =>
    refusedAlike(t, listen(['"0.0.0.0:18000"', '"127.0.0.1:18000"']), /"0\.0\.0\.0:18000" already includes "127\.0\.0\.1:18000"/));

  await t.test("a pipe without a writer, wherever a file is read", async (t) => {
    const pipe = path.join(folder, "pipe.toml");
    assert.equal((await run("mkfifo", [pipe])).code, 0);
    const secret = configText().replace('{ env = "CARILLON_JWT_SECRET" }', `{ file = "${pipe}" }`);
    await refusedAlike(t, secret, /it is a pipe without a writer/);
    await refusedAlike(t, configText({ endpoints: [{ profile: pipe }] }), /it is a pipe without a writer/);
    await refusedAlike(t, configText({ bus: { url: "rediss://127.0.0.1:1", tls_ca_file: pipe } }), /it is a pipe without a writer/);
    const certificate = await makeCertificate(t);
    await refusedAlike(t, listen([tlsAddress("127.0.0.1:0", { ...certificate, certFile: pipe })]), /it is a pipe without a writer/);
    await refusedAlike(t, listen([tlsAddress("127.0.0.1:0", { ...certificate, keyFile: pipe })]), /it is a pipe without a writer/);
    assert.match(output(await carillon(["check", pipe])), /it is a pipe without a writer/);
  });

  await t.test("an API key that can be guessed", (t) =>
    refusedAlike(t, configText(), /CARILLON_API_KEY: is 1 byte long and can be guessed/, { env: { CARILLON_API_KEY: "k" } }));
});

// A clock may be wrong when a machine boots, and the process may have other addresses.
test("a certificate that has expired, or is not yet valid, is warned of and served", async (t) => {
  const folder = temporaryFolder(t);
  const make = async (name, from, until) => {
    const files = { certFile: path.join(folder, `${name}.pem`), keyFile: path.join(folder, `${name}.key`) };
    const request = path.join(folder, `${name}.csr`);
    const made = await run("openssl", ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-subj", "/CN=localhost", "-out", request, "-keyout", files.keyFile]);
    assert.equal(made.code, 0, made.stderr);
    writeFileSync(path.join(folder, "index.txt"), "");
    writeFileSync(path.join(folder, "serial"), "01");
    writeFileSync(path.join(folder, "ca.cnf"), `[ca]\ndefault_ca = own\n[own]\ndatabase = ${folder}/index.txt\n` +
      `serial = ${folder}/serial\nnew_certs_dir = ${folder}\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n`);
    const signed = await run("openssl", ["ca", "-batch", "-selfsign", "-config", path.join(folder, "ca.cnf"),
      "-keyfile", files.keyFile, "-in", request, "-out", files.certFile, "-startdate", from, "-enddate", until, "-notext"]);
    assert.equal(signed.code, 0, signed.stderr);
    return files;
  };
  for (const [name, from, until, warning] of [
    ["expired", "20200101000000Z", "20210101000000Z", /expired at 2021-01-01T00:00:00Z, so clients refuse/],
    ["future", "20400101000000Z", "20410101000000Z", /valid only from 2040-01-01T00:00:00Z/],
  ]) {
    const server = await startReloadable(t, { listen: `[${tlsAddress("127.0.0.1:0", await make(name, from, until))}]` });
    const checked = await carillon(["check", server.file]);
    assert.equal(checked.code, 0, output(checked));
    const reloaded = await server.reload();
    assert.equal(reloaded.code, 0, output(reloaded));
    const logged = server.logs.filter((log) => log.message === "configuration").map((log) => log.detail).join("\n");
    for (const text of [output(checked), output(reloaded), logged]) assert.match(text, warning);
  }
});

test("the warnings of check are in the log of serve", async (t) => {
  const server = await startCarillon(t, { server: { trusted_proxies: ["0.0.0.0/0"], client_address: "forwarded" } });
  const warnings = server.logs.filter((log) => log.message === "configuration");
  assert.deepEqual(warnings.map((log) => [log.level, log.key]), [["warning", "server.trusted_proxies"]]);
  assert.match(warnings[0].detail, /is every address/);
});

test("a body and a batch of the largest legal size are published", async (t) => {
  const redis = await startRedis(t);
  const text = configText({ bus: { url: redis.url }, server: { body_bytes_max: "64MiB" } });
  const server = await startCarillon(t, { text: text.replace("[api]\n", "[api]\nbatch_max = 10000\n") });
  await until("the bus is up", async () => (await api(server, "GET", "/ready")).status === 200);
  const many = Array.from({ length: 10_000 }, (_, n) => ({ channel: "none.x", data: n }));
  assert.deepEqual([(await publish(server, many)).status, (await publish(server, many.concat(many))).status], [200, 413]);
  const large = Array.from({ length: 33 }, () => ({ channel: "none.x", data: "x".repeat(1_000_000) }));
  const answer = await publish(server, large);
  assert.deepEqual([answer.status, answer.json.published], [200, 33], answer.text);
});

test("channels under carillon. reach no client", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: [{ profile: "orion", "source.channels": ["*"] }] });
  await until("the bus is up", async () => (await api(server, "GET", "/ready")).status === 200);
  const client = await openClient(t, server.ws("/ws", mintToken()));
  await redis.publish("carillon.control", "1");
  await redis.publish("orion.x", "2");
  await client.next(1);
  assert.deepEqual(client.messages.map((message) => JSON.parse(message.data).channel), ["orion.x"]);
  assert.equal((await metrics(server)).sum("carillon_events_dropped_total", { reason: "reserved_channel" }), 1);
  assert.equal((await publish(server, { channel: "carillon.x", data: 1 })).status, 400);
  const url = `http://127.0.0.1:${server.port}`;
  const refused = await carillon(["publish", "--url", url, "carillon.x", "1"]);
  assert.equal(refused.code, 1);
  assert.match(output(refused), /reserved/);
});
