// The command line: verbs, exit codes, and error messages that state what to write instead.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";

import {
  BINARY, SECRET, carillon, configText, mintToken, openClient, run, startCarillon, startRedis, temporaryFolder,
} from "./harness.mjs";

const output = ({ stdout, stderr }) => `${stdout}\n${stderr}`;

test("version and help", async (t) => {
  await t.test("carillon version", async () => {
    const { code, stdout } = await carillon(["version"]);
    assert.equal(code, 0);
    assert.match(stdout, /^carillon \d+\.\d+\.\d+\ncommit    .+\ncompiler  .+\nlibraries OpenSSL .+hiredis .+zlib .+$/);
    for (const flag of ["--version", "-V"]) assert.match((await carillon([flag])).stdout, /^carillon \d+\.\d+\.\d+$/);
  });

  await t.test("--help names every verb", async () => {
    const answer = await carillon(["--help"]);
    assert.equal(answer.code, 0);
    for (const verb of ["serve", "dev", "reload", "takeover", "check", "profile", "token", "publish", "listen", "doctor", "healthcheck", "completion", "man", "version"]) {
      assert.match(answer.stdout, new RegExp(`^\\s+${verb}\\b`, "m"));
      const help = await carillon([verb, "--help"]);
      assert.deepEqual([verb, help.code, help.stdout.length > 40], [verb, 0, true]);
    }
  });

  await t.test("help VERB is VERB --help, with an example", async () => {
    const help = await carillon(["help", "serve"]);
    assert.equal(help.code, 0);
    assert.equal(help.stdout, (await carillon(["serve", "--help"])).stdout);
    assert.match(help.stdout, /Example:\n {2}carillon serve \/etc\//);
    assert.equal((await carillon(["help"])).stdout, (await carillon(["--help"])).stdout);
  });

  await t.test("an unknown option or command is called so, with the nearest", async () => {
    for (const [args, message] of [
      [["serve", "--confg", "x"], "unknown option --confg; did you mean --config?\nTry: carillon serve --help"],
      [["token", "--bogus"], "unknown option --bogus\nTry: carillon token --help"],
      [["serv"], 'unknown command "serv"; did you mean serve?\nTry: carillon --help'],
      [["profiles"], 'unknown command "profiles"; did you mean profile?\nTry: carillon --help'],
      [["profile", "lst"], 'unknown command "lst"; did you mean list?\nTry: carillon profile --help'],
      [["profile", "x"], 'unknown command "x"; the commands are list, show, test\nTry: carillon profile --help'],
      [["bench", "--duration", "10"], '--duration: "10" is not a duration from 100ms to 24h; write one such as "10s"\nTry: carillon bench --help'],
      [["help", "tokne"], 'unknown command "tokne"; did you mean token?\nTry: carillon --help'],
    ]) {
      const answer = await carillon(args);
      assert.deepEqual([answer.code, answer.stderr], [2, `carillon: ${message}`]);
    }
    const none = await carillon([]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^carillon: a command is missing; they are dev, serve, /);
  });
});

test("profiles", async (t) => {
  await t.test("carillon profile list", async () => {
    const { code, stdout } = await carillon(["profile", "list"]);
    assert.equal(code, 0);
    for (const name of ["orion", "echo"]) assert.match(stdout, new RegExp(`\\b${name}\\b`));
  });

  await t.test("carillon profile show orion prints what can be loaded again", async () => {
    const { code, stdout } = await carillon(["profile", "show", "orion"]);
    assert.equal(code, 0);
    assert.match(stdout, /^channels = \["orion\.\*"\]$/m);
  });

  await t.test("an unknown profile names the nearest", async () => {
    const answer = await carillon(["profile", "show", "oriom"]);
    assert.notEqual(answer.code, 0);
    assert.match(output(answer), /orion/);
  });
});

test("config explain describes an option, and names the nearest of one that does not exist", async () => {
  assert.match((await carillon(["config", "explain", "server.drain"])).stdout, /^server\.drain\n/);
  const { code, stderr } = await carillon(["config", "explain", "serve.drain"]);
  assert.equal(code, 2);
  assert.match(stderr, /^carillon: there is no option "serve\.drain"; did you mean "server\.drain"\?\nTry: /);
});

test("carillon check", async (t) => {
  const folder = temporaryFolder(t);
  const check = (text, options) => {
    const file = path.join(folder, "gateway.toml");
    writeFileSync(file, text);
    return carillon(["check", file], options);
  };

  await t.test("a good file passes", async () => {
    const answer = await check(configText());
    assert.equal(answer.code, 0, output(answer));
  });

  await t.test("all errors are reported, each with file, line, key and a remedy", async () => {
    const text = configText({ server: { drian: "1s" }, endpoints: [{ profile: "oriom" }, { profile: "orion", "inbound.message_bytes_max": 0 }] });
    const answer = await check(text);
    assert.notEqual(answer.code, 0);
    const line = (part) => text.split("\n").findIndex((one) => one.includes(part)) + 1;
    assert.match(output(answer), new RegExp(`gateway\\.toml:${line("drian")}: .*drian.*drain`));
    assert.match(output(answer), new RegExp(`gateway\\.toml:${line("oriom")}: .*orion`));
    assert.match(output(answer), new RegExp(`gateway\\.toml:${line("message_bytes_max")}: .*message_bytes_max`));
  });

  const bad = [
    ["not TOML", "[server\n", /gateway\.toml:1/],
    ["a wrong type", configText({ server: { listen: 8000 } }), /listen/],
    ["a bad address", configText({ server: { listen: ["localhos:99999"] } }), /listen/],
    ["an unknown bus", configText({ bus: { url: "kafka://x" } }), /redis:\/\//],
    ["an unknown key name", configText({ endpoints: [{ profile: "orion", "auth.keys": ["mian"] }] }), /main/],
    ["a template that is no JSON", configText({ endpoints: [{ profile: "orion", "frames.event": '{"a":$body' }] }), /frames\.event/],
    ["an unknown template variable", configText({ endpoints: [{ profile: "orion", "frames.event": '{"a":$bdoy}' }] }), /\$body/],
    ["skip without a gap frame", configText({ endpoints: [{ profile: "orion", "lag.policy": "skip" }] }), /lag\.policy/],
    ["two endpoints on one path", configText({ endpoints: [{ profile: "orion" }, { profile: "orion", name: "two" }] }), /\/ws/],
  ];
  for (const [name, text, expected] of bad) {
    await t.test(`refused: ${name}`, async () => {
      const answer = await check(text);
      assert.notEqual(answer.code, 0, output(answer));
      assert.match(output(answer), expected);
    });
  }

  await t.test("a missing variable and a weak secret are refused, and the secret is not shown", async () => {
    const missing = await check(configText(), { env: { CARILLON_JWT_SECRET: undefined } });
    assert.notEqual(missing.code, 0);
    assert.match(output(missing), /CARILLON_JWT_SECRET/);
    const weak = await check(configText(), { env: { CARILLON_JWT_SECRET: "only-31-bytes-of-secret-0123456" } });
    assert.notEqual(weak.code, 0);
    assert.match(output(weak), /32/);
    assert.ok(!output(weak).includes("only-31-bytes"));
  });

  await t.test("serve refuses the same file with the same words", async () => {
    const file = path.join(folder, "bad.toml");
    writeFileSync(file, configText({ server: { drian: "1s" } }));
    const [checked, served] = [await carillon(["check", file]), await carillon(["serve", "--config", file])];
    assert.notEqual(served.code, 0);
    assert.match(output(served), /bad\.toml:\d+: .*drian/);
    assert.match(output(checked), /bad\.toml:\d+: .*drian/);
  });

  await t.test("a missing file is reported", async () => {
    for (const args of [["check", "/nonexistent.toml"], ["serve", "--config", "/nonexistent.toml"]]) {
      const answer = await carillon(args);
      assert.notEqual(answer.code, 0);
      assert.match(output(answer), /nonexistent\.toml/);
    }
  });
});

test("carillon doctor", async (t) => {
  const verdicts = async (args) => {
    const { code, stdout } = await carillon(["doctor", ...args]);
    return { code, change: /^CHANGE /m.test(stdout), stdout };
  };

  await t.test("one connection needs nothing, and each setting has its line", async () => {
    const answer = await verdicts(["--connections", "1"]);
    assert.deepEqual([answer.code, answer.change], [0, false], answer.stdout);
    for (const setting of ["RLIMIT_NOFILE", "fs.nr_open", "net.ipv4.tcp_mem"]) assert.ok(answer.stdout.includes(setting));
  });

  await t.test("the largest number of connections needs commands, and the exit code shows it", async () => {
    const answer = await verdicts(["--connections", "4194304"]);
    assert.deepEqual([answer.code, answer.change], [1, true], answer.stdout);
    assert.match(answer.stdout, /--nofile=4194560:4194560/);
  });

  await t.test("--config takes connections_max from the file", async () => {
    const file = path.join(temporaryFolder(t), "gateway.toml");
    writeFileSync(file, configText({ server: { connections_max: 77 } }));
    assert.match((await verdicts(["--config", file])).stdout, /Requirements of 77 connections/);
  });

  await t.test("a number that cannot be, and a bad file, are wrong arguments", async () => {
    assert.equal((await carillon(["doctor", "--connections", "0"])).code, 2);
    assert.equal((await carillon(["doctor", "--connections", "4194305"])).code, 2);
    assert.equal((await carillon(["doctor", "--config", "/nonexistent.toml"])).code, 2);
  });
});

test("carillon token mints a token that the gateway accepts", async (t) => {
  const { code, stdout, stderr } = await carillon(["token"]);
  assert.equal(code, 0, stderr);
  const token = stdout.trim();
  const [header, claims, signature] = token.split(".");
  assert.equal(createHmac("sha256", SECRET).update(`${header}.${claims}`).digest("base64url"), signature);
  const server = await startCarillon(t);
  await openClient(t, server.ws("/ws", token));
  assert.equal(typeof mintToken(), "string");
});

test("carillon publish reaches clients", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const client = await openClient(t, server.ws("/ws", mintToken()));
  const { code, stdout, stderr } = await carillon(["publish", "--url", `http://127.0.0.1:${server.port}`, "orion.trend.detected", '{"score":0.87}']);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.deepEqual(JSON.parse((await client.next(1))[0].data).payload, { score: 0.87 });
  assert.equal(stderr, "");
  const mistyped = await carillon(["publish", "--url", `http://127.0.0.1:${server.port}`, "oriom.trend.detected", "{}"]);
  assert.equal(mistyped.code, 0, "another gateway may read it");
  assert.match(mistyped.stderr, /warning: no endpoint .* carries the channel "oriom\.trend\.detected"/);
});

test("a listen address that another program uses is reported as an error", async (t) => {
  const other = net.createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address();
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, configText({ server: { listen: [`127.0.0.1:${port}`] } }));
  const answer = await carillon(["serve", "--config", file], { timeoutMs: 10_000 });
  assert.notEqual(answer.code, 0);
  assert.match(output(answer), new RegExp(`127\\.0\\.0\\.1:${port}.*(in use|taken)`));
});

test("a listen address that another Carillon uses is an error too; clients are not silently shared", async (t) => {
  const first = await startCarillon(t);
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, configText({ server: { listen: [`127.0.0.1:${first.port}`] } }));
  const answer = await carillon(["serve", "--config", file], { timeoutMs: 10_000 });
  assert.notEqual(answer.code, 0);
  assert.match(output(answer), new RegExp(String(first.port)));
});

test("colours are written to a terminal only, and not where NO_COLOR is set", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "bad.toml"), configText({ server: { drian: "1s" } }));
  const onATerminal = async (words, env = { NO_COLOR: "" }) =>
    (await run("script", ["-qec", `${BINARY} ${words}`, "/dev/null"], { cwd: folder, env: { TERM: "xterm", ...env } })).stdout;
  for (const [words, coloured] of [
    ["--help", "\x1b[1mServe:\x1b[0m"], ["serv", "\x1b[31mcarillon:\x1b[0m unknown command"],
    ["check bad.toml", /\x1b\[1mbad\.toml:\d+\x1b\[0m: server\.drian/], ["doctor --connections 1", "\x1b[32mok     \x1b[0m"],
  ]) {
    const text = await onATerminal(words);
    assert.ok(typeof coloured === "string" ? text.includes(coloured) : coloured.test(text), `${words}: ${JSON.stringify(text)}`);
    assert.ok(!(await onATerminal(words, { NO_COLOR: "1" })).includes("\x1b["), words);
    assert.ok(!output(await carillon(words.split(" "), { cwd: folder })).includes("\x1b["), words);
  }
});
