// Which configuration file a verb reads, and what asks a running gateway.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { carillon, configText, freePort, makeCertificate, startCarillon, temporaryFolder, tlsAddress } from "./harness.mjs";

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
    for (const [verb, remedy] of [["serve", "--config FILE"], ["reload", "--control PATH"], ["healthcheck", "--url URL"]]) {
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
