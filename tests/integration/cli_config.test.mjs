// Which configuration file a verb reads, and what asks a running gateway.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  SAMPLE_KEY, api, carillon, configText, freePort, makeCertificate, mintToken, openClient, publish, startCarillon,
  temporaryFolder, tlsAddress,
} from "./harness.mjs";

const GOOD = configText();
const BAD = configText({ server: { drian: "1s" } });

test("the configuration file", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "good.toml"), GOOD);
  writeFileSync(path.join(folder, "bad.toml"), BAD);

  await t.test("is named by position or by --config", async () => {
    for (const args of [["good.toml"], ["--config", "good.toml"], ["-c", "good.toml"]]) {
      const answer = await carillon(["check", ...args], { cwd: folder });
      assert.deepEqual([answer.code, answer.stdout.split("\n").at(-1)], [0, "good.toml: ok, 1 endpoint"], answer.stderr);
    }
    for (const args of [["bad.toml"], ["--config", "bad.toml"]]) {
      assert.match((await carillon(["serve", ...args], { cwd: folder })).stderr, /^bad\.toml:\d+: server\.drian: /);
    }
  });

  await t.test("is carillon.toml of the working directory when none is named", async () => {
    const other = temporaryFolder(t);
    writeFileSync(path.join(other, "carillon.toml"), BAD);
    for (const verb of ["serve", "check", "takeover", "doctor"]) {
      const { code, stderr } = await carillon([verb], { cwd: other });
      assert.equal(code, 2, verb);
      assert.match(stderr, /^carillon\.toml:\d+: server\.drian: /, verb);
    }
  });

  await t.test("is missed with the paths that were looked at, and what to write", async () => {
    const nothing = temporaryFolder(t);
    for (const [verb, remedy] of [["serve", "--config FILE"], ["reload", "--control PATH"]]) {
      const { code, stderr } = await carillon([verb], { cwd: nothing });
      assert.deepEqual([code, stderr], [2,
        `carillon: there is no carillon.toml or /etc/carillon/carillon.toml; write ${remedy}, or make a file with ` +
        `carillon config init\nTry: carillon ${verb} --help`]);
      assert.equal((await carillon([verb, "--help"], { cwd: nothing })).code, 0, "help needs no file");
    }
  });
});

test("check --json gives programs each problem with its place", async (t) => {
  const folder = temporaryFolder(t);
  const check = async (text) => {
    writeFileSync(path.join(folder, "gateway.toml"), text);
    const { code, stdout } = await carillon(["check", "--json", "gateway.toml"], { cwd: folder });
    return { code, ...JSON.parse(stdout) };
  };
  const good = await check(GOOD);
  assert.deepEqual([good.code, good.ok, good.errors], [0, true, []]);
  const bad = await check(BAD);
  assert.deepEqual([bad.code, bad.ok], [2, false]);
  const [error] = bad.errors;
  assert.deepEqual([error.file, error.key, error.text], ["gateway.toml", "server.drian", `gateway.toml:${error.line}: server.drian: ${error.message}`]);
  assert.match(BAD.split("\n")[error.line - 1], /drian/);
  // What the parts above config/ refuse has only a text.
  const bus = await check(configText({ bus: { url: "kafka://x" } }));
  assert.deepEqual([bus.code, bus.ok], [2, false]);
  assert.match(bus.errors[0].text, /^gateway\.toml:\d+: bus\.url: /);
});

test("healthcheck", async (t) => {
  const port = await freePort();
  const secure = await freePort();
  const certificate = await makeCertificate(t);
  const control = path.join(temporaryFolder(t), "control.sock");
  const file = path.join(temporaryFolder(t), "gateway.toml");
  const withControl = configText({ server: { listen: [`127.0.0.1:${port}`], control } });
  await startCarillon(t, { file, text: withControl.replace(/^listen = .*$/m,
    `listen = ["127.0.0.1:${port}", ${tlsAddress(`localhost:${secure}`, certificate)}]`) });
  const healthcheck = async (...args) => (await carillon(["healthcheck", ...args], { env: { SSL_CERT_FILE: certificate.certFile } }));
  const fileOf = (listen) => {
    const written = path.join(temporaryFolder(t), "gateway.toml");
    writeFileSync(written, configText().replace(/^listen = .*$/m, `listen = [${listen}]`));
    return written;
  };

  await t.test("asks the control socket, the first address, or a URL", async () => {
    for (const args of [
      ["--control", control], [file], ["--config", file], [fileOf(`"0.0.0.0:${port}"`)],
      [fileOf(tlsAddress(`127.0.0.1:${secure}`, certificate))],
      ["--url", `http://127.0.0.1:${port}`], ["--url", `https://localhost:${secure}/`],
    ]) {
      const answer = await healthcheck(...args);
      assert.deepEqual([answer.code, JSON.parse(answer.stdout || "{}").ready], [0, true], `${args}: ${answer.stderr}`);
    }
  });

  await t.test("finds a certificate that is beside the configuration", async () => {
    const file = path.join(path.dirname(certificate.certFile), "gateway.toml");
    const [certFile, keyFile] = [certificate.certFile, certificate.keyFile].map((each) => path.basename(each));
    writeFileSync(file, configText().replace(/^listen = .*$/m, `listen = [${tlsAddress(`127.0.0.1:${secure}`, { certFile, keyFile })}]`));
    const answer = await healthcheck(file);
    assert.equal(answer.code, 0, answer.stderr);
  });

  await t.test("says in one line why a gateway is not ready", async () => {
    const gone = await freePort();
    for (const [args, pattern] of [
      [["--url", `http://127.0.0.1:${gone}`], /^carillon: http:.+: Connection refused$/],
      [["--url", "127.0.0.1:8000"], /^carillon: --url: .+; write one such as http:/],
      [["--url", `http://127.0.0.1:${secure}`], /^carillon: http:.+$/],
      [["--control", "/nonexistent.sock"], /^carillon: .+no gateway listens there/],
      [["/nonexistent.toml"], /^carillon: .+nonexistent\.toml: No such file or directory$/],
      [[fileOf(`{ addr = "127.0.0.1:${port}", proxy_protocol = "on" }`)], /expects the PROXY protocol; write control/],
    ]) {
      const answer = await healthcheck(...args);
      assert.equal(answer.code, 1, `${args}`);
      assert.match(answer.stderr, pattern);
    }
    const untrusted = await carillon(["healthcheck", "--url", `https://localhost:${secure}`]);
    assert.equal(untrusted.code, 1);
    assert.match(untrusted.stderr, /certificate verify failed/);
  });
});

test("config init makes a configuration that serves, and overwrites nothing", async (t) => {
  const folder = temporaryFolder(t);
  const made = await carillon(["config", "init"], { cwd: folder });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^wrote carillon\.toml\nwrote jwt\.secret\nwrote api\.key\n\nNext: {2}carillon serve$/);
  for (const name of ["jwt.secret", "api.key"]) assert.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600, name);
  const again = await carillon(["config", "init"], { cwd: folder });
  assert.deepEqual([again.code, again.stderr], [1, "carillon: carillon.toml exists; delete it, or make the files in another folder"]);

  // From another folder: what the file names is beside it.
  const [checked, doctor] = await Promise.all([
    carillon(["check", "--json", path.join(folder, "carillon.toml")]), carillon(["doctor"], { cwd: folder })]);
  assert.deepEqual([JSON.parse(checked.stdout).errors, JSON.parse(checked.stdout).warnings], [[], []], "without a warning");
  assert.equal(doctor.code, 0, doctor.stdout);
  const file = path.join(folder, "carillon.toml");
  const secret = readFileSync(path.join(folder, "jwt.secret"), "utf8").trim();
  const apiKey = readFileSync(path.join(folder, "api.key"), "utf8").trim();
  const server = await startCarillon(t, {
    file, text: readFileSync(file, "utf8"), env: { CARILLON_SERVER_LISTEN: '["127.0.0.1:0"]', CARILLON_JWT_SECRET: "", CARILLON_API_KEY: "" } });
  const client = await openClient(t, server.ws("/ws", mintToken({}, { secret })));
  const answer = await publish(server, { channel: "orion.x", data: { n: 1 } }, { Authorization: `Bearer ${apiKey}` });
  assert.equal(answer.status, 200, answer.body);
  assert.deepEqual(JSON.parse((await client.next(1))[0].data).payload, { n: 1 });
});

test("config init --profile serves only these, and names one that does not exist", async (t) => {
  const folder = temporaryFolder(t);
  assert.equal((await carillon(["config", "init", "one.toml", "--profile", "orion"], { cwd: folder })).code, 0);
  assert.match((await carillon(["check", "one.toml"], { cwd: folder })).stdout, /ok, 1 endpoint$/);
  const wrong = await carillon(["config", "init", "--profile", "oriom"], { cwd: temporaryFolder(t) });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /carillon\.toml:\d+: endpoint\[0\]\.profile: there is no profile "oriom"; did you mean "orion"\?/);
});

test("a variable sets an option, and config show tells where each value comes from", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "gateway.toml"), configText({ server: { shards: 1 } }));
  const env = { CARILLON_SERVER_CONNECTIONS_MAX: "77", CARILLON_ENDPOINT_ORION_KEEPALIVE_PING: "11s", CARILLON_SERVER_SHRADS: "9" };
  const shown = await carillon(["config", "show", "gateway.toml"], { cwd: folder, env });
  assert.equal(shown.code, 0, shown.stderr);
  for (const line of [/^connections_max = 77 +# CARILLON_SERVER_CONNECTIONS_MAX$/m, /^shards = 1 +# gateway\.toml:\d+$/m,
    /^keepalive\.ping = "11s" +# CARILLON_ENDPOINT_ORION_KEEPALIVE_PING$/m, /^keepalive\.timeout = .+# profile orion:\d+$/m,
    /^http_idle_timeout = .+# default$/m]) assert.match(shown.stdout, line);
  const checked = await carillon(["check", "gateway.toml"], { cwd: folder, env });
  assert.match(checked.stdout, /^warning: CARILLON_SERVER_SHRADS: .+did you mean CARILLON_SERVER_SHARDS\?$/m);
  assert.match(checked.stdout, /^note: server\.connections_max = 77 \(CARILLON_SERVER_CONNECTIONS_MAX\)$/m);
  const server = await startCarillon(t, { env: { CARILLON_SERVER_CONNECTIONS_MAX: "1" } });
  await openClient(t, server.ws("/ws", mintToken()));
  const refused = await api(server, "GET", `/ws?token=${mintToken()}`, { headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": SAMPLE_KEY } });
  assert.equal(refused.status, 503);
});
