// docs/operating-reference.md: each signal is sent, each verb is run to each of its exit codes, and the variables are
// those that the code reads.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import test from "node:test";

import {
  BINARY, ROOT, api, carillon, configText, freePort, mintToken, openClient, publish, run, startCarillon, startProcess, startRedis,
  startReloadable, temporaryFolder, until, within,
} from "./harness.mjs";

const PAGE = readFileSync(path.join(ROOT, "docs/operating-reference.md"), "utf8");
const REALTIME = 34; // SIGRTMIN for programs; the C library keeps two for itself

// The rows of the table below a heading, as arrays of cells.
function rowsOf(heading) {
  const section = PAGE.split(`## ${heading}\n`)[1].split("\n## ")[0];
  return section.split("\n").filter((line) => line.startsWith("| ")).slice(1).map((line) => line.slice(2, -1).split("|").map((cell) => cell.trim()));
}

const quoted = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
const signalsThat = (effect) => rowsOf("Signals").filter(([, text]) => text.startsWith(effect)).flatMap(([names]) => quoted(names));
const send = (server, name) => process.kill(server.pid, name === "SIGRTMIN" ? REALTIME : os.constants.signals[name]);

test("the table of signals has those that the code names", () => {
  const source = readFileSync(path.join(ROOT, "src/app/process/signals.cc"), "utf8");
  const listed = (name) => new RegExp(`${name}\\[\\] = \\{([^}]*)\\}`).exec(source)[1].match(/SIG\w+/g);
  assert.deepEqual(signalsThat("drains").sort(), listed("kDraining").sort());
  assert.deepEqual([...signalsThat("reloads"), ...signalsThat("nothing, and")].sort(), [...listed("kIgnored"), "SIGRTMIN"].sort());
  const silent = [...source.matchAll(/std::signal\((SIG\w+), SIG_IGN\)/g)].map(([, name]) => name);
  assert.deepEqual(signalsThat("nothing:").sort(), silent.sort());
});

test("each signal does what the table says", async (t) => {
  const server = await startReloadable(t);
  const client = await openClient(t, server.ws("/ws", mintToken()));
  for (const name of signalsThat("nothing, and")) {
    send(server, name);
    const named = name === "SIGRTMIN" ? /^SIGRT/ : new RegExp(`^${name === "SIGIO" ? "SIG(IO|POLL)" : name}$`);
    await server.waitForLog(name, (log) => log.message === "signal ignored" && named.test(log.signal));
  }
  for (const name of signalsThat("nothing:")) send(server, name);
  for (const name of signalsThat("reloads")) {
    const before = server.logs.length;
    send(server, name);
    await until(`a reload by ${name}`, () => server.logs.slice(before).some((log) => log.message === "the configuration was reloaded"));
  }
  const ignored = server.logs.filter((log) => log.message === "signal ignored");
  assert.equal(ignored.length, signalsThat("nothing, and").length, "no line for the others");
  assert.equal((await publish(server, { channel: "orion.x", data: 1 })).status, 200);
  await client.next(1);
  assert.equal(server.end, undefined);

  for (const name of signalsThat("drains")) {
    const other = await startCarillon(t);
    other.toldToLeave = true;
    send(other, name);
    assert.equal((await within(`${name} drains`, 5000, other.exited)).code, 0, name);
    assert.ok(other.logs.some(({ message, signal }) => message === "draining" && signal === name), name);
  }
});

// Ends of verbs that need more than arguments: [verb, code it must have].
async function endsOfServing(t) {
  const ends = [];
  const server = await startCarillon(t, { server: { drain_delay: "1h" } });
  server.expectedEnd = true;
  server.signal("SIGTERM");
  await until("draining", async () => (await api(server, "GET", "/ready")).status === 503);
  server.signal("SIGTERM");
  ends.push(["serve", 130, (await server.exited).code]);
  const first = await startCarillon(t);
  first.signal("SIGTERM");
  ends.push(["serve", 0, (await first.exited).code]);

  for (const signals of [1, 2]) {
    const folder = temporaryFolder(t);
    const port = await freePort();
    const dev = startProcess(BINARY, ["dev", "--listen", `127.0.0.1:${port}`, "--no-samples"], { env: { XDG_STATE_HOME: folder } });
    t.after(() => dev.child.kill("SIGKILL"));
    await until("dev serves", () => api({ port }, "GET", "/ready").then(({ status }) => status === 200, () => false));
    // A client that does not read its close frame makes the drain last.
    const client = await holdOpen(port, dev);
    dev.child.kill("SIGTERM");
    await until("draining", () => api({ port }, "GET", "/ready").then(({ status }) => status === 503, () => false));
    if (signals === 2) dev.child.kill("SIGTERM");
    else client.destroy();
    ends.push(["dev", signals === 2 ? 130 : 0, (await within("dev ends", 15_000, dev.exited)).code]);
    client.destroy();
  }
  return ends;
}

// A WebSocket that is upgraded and reads nothing from then on, so that it does not see its close.
async function holdOpen(port, dev) {
  const token = await until("the token", () => dev.lines.stdout.find((line) => line.startsWith("eyJ")));
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  const upgraded = new Promise((resolve) => socket.once("data", resolve));
  socket.write(`GET /ws?token=${token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  assert.match(String(await within("an upgrade", 5000, upgraded)), /^HTTP\/1\.1 101/);
  socket.pause();
  return socket;
}

// The code of a listen that is interrupted.
async function endOfListening(t) {
  const server = await startCarillon(t);
  const listener = startProcess(BINARY, ["listen", server.ws("/ws"), "--token", mintToken()]);
  t.after(() => listener.child.kill("SIGKILL"));
  await until("connected", () => listener.lines.stderr.some((line) => line.includes("connected to")));
  listener.child.kill("SIGINT");
  return ["listen", 0, (await within("listen ends", 5000, listener.exited)).code];
}

// The code of a takeover that succeeds. Its new process has the standard error of the verb, which is a file here.
async function endOfTakeover(t) {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url });
  const log = path.join(temporaryFolder(t), "log");
  const { code, stdout } = await run("sh", ["-c", 'exec "$@" 2>"$LOG"', "sh", BINARY, "takeover", "--config", server.file],
    { env: { ...server.environment, LOG: log } });
  server.toldToLeave = true;
  const pid = Number(/^Process (\d+) serves now/.exec(stdout)?.[1]);
  assert.ok(pid > 0, `${stdout}\n${readFileSync(log, "utf8")}`);
  process.kill(pid, "SIGTERM");
  await until("the new process has ended", () => !existsSync(`/proc/${pid}`));
  return ["takeover", 0, code];
}

// Every other end: [arguments, code, environment].
function plainEnds({ good, bad, taken, vectors, control, url, port }) {
  return [
    [["serve", "--config", bad], 2], [["serve", "--config", taken], 1],
    [["dev", "--listen", `127.0.0.1:${port}`], 1], [["dev", "--profile", bad], 2],
    [["check", good], 0], [["check", bad], 2],
    [["reload", "--config", control], 0], [["reload", "--config", good], 1], [["reload", "--bogus"], 2],
    [["takeover", "--config", good], 1], [["takeover", "--config", bad], 2],
    [["healthcheck", "--url", url], 0], [["healthcheck", "--config", control], 0],
    [["healthcheck", "--url", "http://127.0.0.1:1"], 1], [["healthcheck", "--bogus"], 2],
    [["doctor", "--connections", "1"], 0], [["doctor", "--connections", "4194304"], 1], [["doctor", "--config", bad], 2],
    [["token"], 0], [["token", "--claims", "1"], 2], [["token"], 2, { CARILLON_JWT_SECRET: undefined }],
    [["token", "verify", "x", "--config", good], 1], [["listen", "ws://127.0.0.1:1/ws"], 1], [["listen"], 2],
    [["publish", "--url", url, "orion.x", "1"], 0], [["publish", "--url", "http://127.0.0.1:1", "orion.x", "1"], 1],
    [["publish", "--url", url, "orion.x", "1"], 1, { CARILLON_API_KEY: undefined }], [["publish"], 2],
    [["bench", "--url", `ws://127.0.0.1:${port}/ws`, "--clients", "1", "--duration", "100ms"], 0],
    [["bench", "--url", "ws://127.0.0.1:1/ws", "--clients", "1", "--duration", "100ms"], 1], [["bench", "--url", "ftp://x"], 2],
    [["profile", "list"], 0], [["profile", "show", "none"], 2], [["profile", "test", "orion"], 2],
    [["profile", "test", "docs/examples/chat.toml"], 0], [["profile", "test", "docs/examples/chat.toml", vectors], 1], [["config", "explain"], 0], [["config", "none"], 2],
    [["config", "show", good], 0], [["config", "show", bad], 2], [["config", "init", good], 1],
    [["completion", "bash"], 0], [["completion", "none"], 2], [["man"], 0], [["man", "--bogus"], 2],
    [["version"], 0], [["version", "--bogus"], 2], [["help"], 0], [["help", "none"], 2],
  ];
}

// What one gateway and four files are enough for.
async function setting(t) {
  const folder = temporaryFolder(t);
  const server = await startCarillon(t);
  const write = (name, text) => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const running = await startReloadable(t);
  return {
    port: server.port, url: `http://127.0.0.1:${server.port}`,
    good: write("good.toml", configText()), bad: write("bad.toml", "[server]\ndrian = 1\n"),
    vectors: write("vectors.json", '{"vectors": [{"name": "there is a client", "steps": [{"connections": {"chat": 1}}]}]}'),
    taken: write("taken.toml", configText({ server: { listen: [`127.0.0.1:${server.port}`] } })), control: running.file,
  };
}

test("each verb ends with each code of its row, and with no other", async (t) => {
  const where = await setting(t);
  const seen = new Set();
  for (const [args, code, env] of plainEnds(where)) {
    const answer = await carillon(args, { env: { XDG_STATE_HOME: temporaryFolder(t), ...env } });
    assert.equal(answer.code, code, `${args.join(" ")}: ${answer.stdout.slice(-300)} ${answer.stderr.slice(-300)}`);
    seen.add(`${args[0]} ${code}`);
  }
  for (const verb of [["man"], ["completion", "bash"]]) {
    const full = await run("sh", ["-c", 'exec "$@" >/dev/full', "sh", BINARY, ...verb]);
    assert.equal(full.code, 1, verb.join(" "));
    seen.add(`${verb[0]} 1`);
  }
  for (const [verb, code, found] of [await endOfListening(t), await endOfTakeover(t), ...await endsOfServing(t)]) {
    assert.equal(found, code, verb);
    seen.add(`${verb} ${code}`);
  }
  const rows = rowsOf("Exit codes").flatMap(([verbs, zero, one, two, second]) => quoted(verbs).flatMap((verb) => [
    `${verb} 0`, one && `${verb} 1`, two && `${verb} 2`, second && `${verb} 130`, zero === undefined && "a short row"]));
  assert.deepEqual([...seen].sort(), rows.filter(Boolean).sort());
});

test("the table of exit codes has every verb", async () => {
  const { stdout } = await carillon(["--help"]);
  const verbs = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, verb]) => verb);
  assert.deepEqual(rowsOf("Exit codes").flatMap(([names]) => quoted(names)).sort(), verbs.sort());
});

test("the table of variables has those that the code reads", async () => {
  const { stdout } = await run("grep", ["-rhoE", "--include=*.cc", "--exclude=*_test.cc", "--exclude-dir=testing",
    String.raw`(getenv|variable|from_environment|folder)\("[A-Z_]+"\)`, "src"]);
  const read = new Set([...stdout.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => name));
  const listed = rowsOf("Environment").flatMap(([names]) => quoted(names));
  assert.deepEqual([...read].sort(), listed.sort());
});
