// `carillon listen`: a WebSocket client of the command line, against real gateways.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  BINARY, ENDPOINTS, FOUR_PROTOCOLS, SECRET, carillon, configText, freePort, makeCertificate, mintToken, publish, startCarillon,
  startDev, startProcess, temporaryFolder, tlsAddress, until, within,
} from "./harness.mjs";

const VARIABLES = { CARILLON_JWT_SECRET: SECRET, CARILLON_API_KEY: "integration-tests-api-key-0123456789" };

// Starts it and waits until it is connected (`connects`: it will be).
async function listen(t, args, { connects = true, env = {} } = {}) {
  const started = startProcess(BINARY, ["listen", ...args], { env: { ...VARIABLES, ...env } });
  t.after(() => started.child.kill("SIGKILL"));
  const { stdout, stderr } = started.lines;
  const seen = (pattern, times = 1) =>
    until(() => `${pattern} ${times} times on stderr:\n${stderr.join("\n")}`, () => stderr.filter((line) => pattern.test(line)).length >= times);
  const printed = (count) => until(() => `${count} lines on stdout:\n${started.text()}`, () => stdout.length >= count && stdout);
  if (connects) await seen(/^carillon: connected to /);
  return Object.assign(started, { seen, printed });
}

const ends = async (listener) => (await within("carillon listen ends", 10_000, listener.exited)).code;

// A gateway on a port that stays the same, and the file of its configuration.
async function startWithFile(t, options = {}) {
  const port = options.port ?? await freePort();
  const file = options.file ?? path.join(temporaryFolder(t), "gateway.toml");
  const text = configText({ endpoints: ENDPOINTS, ...options, server: { listen: [`127.0.0.1:${port}`] } });
  return Object.assign(await startCarillon(t, { file, text }), { file, port });
}

// An event for each protocol, as its back end publishes it.
const EVENTS = {
  orion: { channel: "orion.content.created", data: { id: "42" } },
  service: { channel: "service.channel.room:1", data: { type: "status_update", data: { n: 1 } } },
  fluxora: { channel: "fluxora.streams", data: { event: "stream.updated", payload: { n: 1 } } },
  grimnir: { channel: "grimnir.now_playing", data: { title: "x" } },
};

test("each of the four protocols is received by its name alone", async (t) => {
  const server = await startWithFile(t);
  for (const [endpoint, event] of Object.entries(EVENTS)) {
    await t.test(endpoint, async () => {
      const more = endpoint === "service" ? ["--subscribe", "room:1"] : endpoint === "grimnir" ? ["--subscribe", "now_playing"] : [];
      const listener = await listen(t, ["--endpoint", endpoint, "--config", server.file, "--count", "1", ...more]);
      // A subscription by command is in use a moment after the connection.
      const timer = setInterval(() => publish(server, event), 50);
      const [line] = await listener.printed(1).finally(() => clearInterval(timer));
      assert.match(line, /^\d\d:\d\d:\d\d\.\d{3}Z \{.*\}$/);
      const data = JSON.parse(line.slice(14));
      const expected = { orion: data.payload, service: { type: data.type, data: data.data }, fluxora: data, grimnir: data.payload }[endpoint];
      assert.deepEqual(expected, event.data);
      assert.equal(await ends(listener), 0);
      assert.match(listener.lines.stderr.at(-1), /^carillon: 1 message in \d+\.\d s$/);
      assert.doesNotMatch(listener.text(), /eyJ/);
    });
  }
});

test("it works against carillon dev without a configuration", async (t) => {
  const state = temporaryFolder(t);
  const dev = await startDev(t, [], { state });
  const env = { XDG_STATE_HOME: state, CARILLON_JWT_SECRET: undefined, CARILLON_API_KEY: undefined };
  for (const endpoint of Object.keys(FOUR_PROTOCOLS)) {
    const listener = await listen(t, [`ws://127.0.0.1:${dev.port}`, "--endpoint", endpoint, "--count", "1", "--json"], { env });
    assert.ok(JSON.parse((await listener.printed(1))[0]).data, endpoint);
    assert.equal(await ends(listener), 0);
  }
  const none = await carillon(["listen", "--endpoint", "orion"], { env: { ...env, XDG_STATE_HOME: temporaryFolder(t) } });
  assert.deepEqual([none.code, none.stdout], [2, ""]);
  assert.match(none.stderr, /write --config FILE, or start carillon dev first/);
});

test("an endpoint of the dev at the URL is used, also one of a configuration", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "gateway.toml"), configText({ server: { listen: ["127.0.0.1:0"] }, endpoints: [{ name: "own", profile: "service", path: "/own" }] }));
  const dev = await startDev(t, ["--config", path.join(folder, "gateway.toml"), "--samples"], { listens: false });
  const url = /ws:\/\/[\d.]+:\d+/.exec(dev.screen)[0];
  const env = { XDG_STATE_HOME: temporaryFolder(t), CARILLON_JWT_SECRET: undefined, CARILLON_API_KEY: undefined };
  const listener = await listen(t, [url, "--endpoint", "own", "--subscribe", "conversation:conv-123", "--count", "1", "--json"], { env });
  await listener.printed(1);
  assert.equal(await ends(listener), 0);
});

test("--json prints one object per message and nothing else", async (t) => {
  const server = await startWithFile(t);
  const listener = await listen(t, ["--endpoint", "orion", "--config", server.file, "--json", "--count", "2"]);
  await publish(server, '{"channel":"orion.content.created","data":{\n"id":"a\\nb"\n}}');
  await publish(server, EVENTS.orion);
  assert.equal(await ends(listener), 0);
  const objects = listener.lines.stdout.map((line) => JSON.parse(line));
  assert.deepEqual(objects.map((each) => Object.keys(each)), [["received_at", "data"], ["received_at", "data"]]);
  assert.deepEqual(objects.map((each) => each.data.payload), [{ id: "a\nb" }, { id: "42" }]);
  assert.match(objects[0].received_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("it comes back after the gateway restarts, and the close code is explained", async (t) => {
  const server = await startWithFile(t);
  const listener = await listen(t, ["--endpoint", "orion", "--config", server.file]);
  await server.stop();
  await listener.seen(/^carillon: closed by the server: 1001 .*\(the gateway stops or restarts\)$/);
  await listener.seen(/^carillon: reconnecting in \d\.\d s$/);
  await startWithFile(t, { port: server.port, file: server.file });
  await listener.seen(/^carillon: connected to /, 2);
  await publish(server, EVENTS.orion);
  await listener.printed(1);
  listener.child.kill("SIGINT");
  assert.equal(await ends(listener), 0);
  assert.match(listener.lines.stderr.at(-1), /^carillon: 1 message in \d+\.\d s, reconnected once$/);
});

test("a close code and its reason are shown, and --no-reconnect ends there", async (t) => {
  const server = await startWithFile(t, { endpoints: [{ profile: "orion" }] });
  const listener = await listen(t, ["--endpoint", "orion", "--config", server.file, "--no-reconnect"]);
  listener.child.stdin.write(`${"x".repeat(600)}\n`); // orion allows 512 bytes
  assert.equal(await ends(listener), 1);
  assert.match(listener.lines.stderr.join("\n"), /closed by the server: 1009 "Message too large" \(a message that is too long\)/);
});

test("Ctrl-C closes with 1000", async (t) => {
  const text = configText({ endpoints: [{ profile: "orion", "log.disconnected": "gone" }], extra: '[log]\nlevel = "debug"' });
  const server = await startCarillon(t, { text });
  const listener = await listen(t, [`ws://127.0.0.1:${server.port}/ws`, "--token", mintToken()]);
  listener.child.kill("SIGINT");
  assert.equal(await ends(listener), 0);
  const line = await server.waitForLog("the client is gone", (log) => log.code !== undefined && log.reason === "client_close");
  assert.equal(line.code, 1000);
});

test("a refusal is shown with its status and body, without the token", async (t) => {
  const server = await startCarillon(t);
  const token = mintToken({ exp: 1 });
  const refused = await carillon(["listen", `ws://127.0.0.1:${server.port}/ws`, "--token", token]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^carillon: ws:\/\/127\.0\.0\.1:\d+\/ws: refused with status 401: \{"message":"invalid token"\}$/m);
  assert.ok(!refused.stderr.includes(token.slice(0, 20)));
  const none = await carillon(["listen", `ws://127.0.0.1:${server.port}/nowhere`]);
  assert.match(none.stderr, /refused with status 404/);
  const down = await carillon(["listen", `ws://127.0.0.1:${await freePort()}/ws`]);
  assert.equal(down.code, 1);
  assert.match(down.stderr, /Connection refused/);
});

test("lines of standard input are sent, also those that come before the connection is open", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "echo" }] });
  const url = `ws://127.0.0.1:${server.port}/echo`;
  const piped = await carillon(["listen", url, "--count", "3", "--json"], { input: 'one\n\n{"n":2}\r\nthree' });
  assert.equal(piped.code, 0);
  assert.deepEqual(piped.stdout.split("\n").map((line) => JSON.parse(line).data), ["one", { n: 2 }, "three"]);
  const listener = await listen(t, [url]);
  listener.child.stdin.write("typed \u001b[31m\n");
  assert.match((await listener.printed(1))[0], /Z typed \\u001b\[31m$/);
  listener.child.kill("SIGTERM");
  assert.equal(await ends(listener), 0);
});

test("over wss:// the certificate is checked", async (t) => {
  const certificate = await makeCertificate(t);
  const port = await freePort();
  const file = path.join(temporaryFolder(t), "gateway.toml");
  const textWith = (shown) => configText().replace(/listen = .*/, `listen = [${tlsAddress(`127.0.0.1:${port}`, shown)}]`);
  const server = await startCarillon(t, { file, text: textWith(certificate) });
  const url = `wss://localhost:${port}/ws`;
  const token = ["--token", mintToken()];
  const send = () => publishOverTls(port, certificate);
  for (const args of [[url, ...token, "--ca-file", certificate.certFile], ["--endpoint", "orion", "--config", file]]) {
    const listener = await listen(t, [...args, "--count", "1"]);
    const sent = await send();
    assert.equal(sent.code, 0, sent.stderr);
    assert.equal(await ends(listener), 0);
  }
  const unknown = await carillon(["listen", url, ...token]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /certificate verify failed/);
  const missing = await carillon(["listen", url, ...token, "--ca-file", "/none.pem"]);
  assert.match(missing.stderr, /\/none\.pem: /);
  writeFileSync(file, textWith(await makeCertificate(t)));
  const swapped = await carillon(["listen", "--endpoint", "orion", "--config", file]);
  assert.match(swapped.stderr, /another certificate than the configuration/);
  assert.equal(server.end, undefined);
});

const publishOverTls = (port, { certFile }) =>
  carillon(["publish", "--url", `https://localhost:${port}`, "--ca-file", certFile, "orion.content.created", "{}"]);

test("wrong arguments are refused with what to write", async (t) => {
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, configText({ endpoints: ENDPOINTS, server: { listen: ["127.0.0.1:8000"] } }));
  const endpoint = (name, ...more) => ["--endpoint", name, "--config", file, ...more];
  for (const [args, expected] of [
    [[], /write a URL such as ws:\/\/127\.0\.0\.1:8000\/ws, or --endpoint NAME/],
    [["http://127.0.0.1/ws"], /is not a URL that this command can use; write one such as ws:/],
    [["ws://127.0.0.1/ws", "--subscribe", "a"], /--subscribe needs --endpoint NAME/],
    [endpoint("orin"), /there is no endpoint "orin" in .*did you mean orion\?/],
    [endpoint("orion", "--subscribe", "a"), /clients of endpoint orion receive every event of it; leave --subscribe out/],
    [["ws://127.0.0.1/ws", "--token", "a b"], /--token: it has blanks/],
  ]) {
    const { code, stderr } = await carillon(["listen", ...args]);
    assert.deepEqual([args, code], [args, 2]);
    assert.match(stderr, expected);
  }
  const unset = await carillon(["listen", ...endpoint("orion")], { env: { CARILLON_JWT_SECRET: undefined } });
  assert.equal(unset.code, 2);
  assert.match(unset.stderr, /CARILLON_JWT_SECRET is not set.*\nor give a token with --token/);
});
