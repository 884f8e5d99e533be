// The client, and the example in Python, over real sockets on loopback against a small server: npm's ws, and HTTP for
// Server-Sent Events.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { Carillon } from "../carillon.js";
import { FakeGateway } from "./fake_gateway.mjs";

const require = createRequire(new URL("../../../tests/integration/package.json", import.meta.url));
const { WebSocket, WebSocketServer } = require("ws");
const EXAMPLE = fileURLToPath(new URL("../../python/carillon_example.py", import.meta.url));
const DEADLINE_MS = 20_000;
Math.random = () => 0.01; // the back-off of the client takes next to no time

async function until(what, condition) {
  for (const deadline = Date.now() + DEADLINE_MS; !condition();) {
    assert.ok(Date.now() < deadline, `not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// The gateway on a port: { gateway, url, webSockets } where webSockets.status refuses upgrades.
async function serve(t) {
  const gateway = new FakeGateway();
  const webSockets = { status: 0, tokens: [] };
  const server = http.createServer(async (request, response) => {
    const controller = new AbortController();
    response.on("close", () => controller.abort());
    const { status, headers, body } = await gateway.fetch(`http://${request.headers.host}${request.url}`, {
      headers: { Accept: request.headers.accept }, signal: controller.signal,
    });
    response.writeHead(status, Object.fromEntries(headers)).flushHeaders();
    Readable.fromWeb(body).on("error", () => response.destroy()).pipe(response);
  });
  const upgrades = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (webSockets.status) return socket.end(`HTTP/1.1 ${webSockets.status} No\r\nConnection: close\r\n\r\n`);
    webSockets.tokens.push(new URL(request.url, "http://x").searchParams.get("token"));
    return upgrades.handleUpgrade(request, socket, head, (connection) => accept(gateway, connection));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    gateway.cut();
    server.closeAllConnections();
    server.close();
  });
  return { gateway, webSockets, url: `ws://127.0.0.1:${server.address().port}/v1/connect` };
}

function accept(gateway, connection) {
  const frame = (value) => connection.send(JSON.stringify(value));
  const peer = {
    frame, channels: new Set(),
    event: (event) => frame(gateway.eventFrame(event)),
    heartbeat: (position) => frame({ type: "heartbeat", position }),
    end: (code) => (code === 1006 ? connection.terminate() : connection.close(code)),
  };
  connection.on("message", (text) => gateway.take(peer, JSON.parse(text)));
  connection.on("close", () => gateway.drop(peer));
  gateway.accept(peer);
}

const isSubscribed = (gateway, count) => () => gateway.clients.length === 1 && gateway.clients[0].channels.size === count;

// Publishes around cuts, and returns what must arrive.
async function publishAroundCuts(gateway, rounds) {
  let n = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const channel of ["a", "b"]) gateway.publish(channel, n++);
    if (round % 3 === 0) gateway.heartbeat();
    gateway.cut(round % 2 ? 1006 : 1013);
    for (const channel of ["b", "a"]) gateway.publish(channel, n++);
    await until("the client is back", isSubscribed(gateway, 2));
  }
  return Array.from({ length: n }, (_, each) => each);
}

const inOrder = (values) => [...values].sort((a, b) => a - b);

function receive(t, url, options) {
  const client = new Carillon(url, { WebSocket, ...options });
  t.after(() => client.close());
  const [events, gaps] = [[], []];
  client.on("gap", (gap) => gaps.push(gap));
  for (const channel of ["a", "b"]) client.subscribe(channel, ({ data }) => events.push(data));
  return { client, events, gaps };
}

test("over WebSocket every event arrives once, whatever is cut", async (t) => {
  const { gateway, url } = await serve(t);
  const { client, events, gaps } = receive(t, url);
  await until("subscribed", isSubscribed(gateway, 2));
  const expected = await publishAroundCuts(gateway, 6);
  await until("every event", () => events.length >= expected.length);
  assert.deepEqual(inOrder(events), expected);
  assert.deepEqual(gaps, []);
  await client.publish("a", "mine");
  await until("its own event", () => events.includes("mine"));
  assert.equal((await client.history("a", { limit: 1 })).events[0].data, "mine");
});

test("over Server-Sent Events every event arrives once, whatever is cut", async (t) => {
  const { gateway, webSockets, url } = await serve(t);
  webSockets.status = 426;
  const { client, events, gaps } = receive(t, url);
  await until("subscribed", isSubscribed(gateway, 2));
  assert.equal(client.state.transport, "sse");
  const expected = await publishAroundCuts(gateway, 4);
  await until("every event", () => events.length >= expected.length);
  assert.deepEqual(inOrder(events), expected);
  assert.deepEqual(gaps, []);
});

test("the status of a refusal is seen with npm's ws", async (t) => {
  const { webSockets, url } = await serve(t);
  webSockets.status = 401;
  const { client } = receive(t, url, { token: "bad", sse: false });
  await until("closed", () => client.state.name === "closed");
  assert.equal(client.state.code, 401);
});

test("the example in Python receives every event once, whatever is cut, and reports a gap", async (t) => {
  const { gateway, webSockets, url } = await serve(t);
  const env = { ...process.env, CARILLON_TOKEN: "a+b" };
  const python = spawn("/usr/bin/python3", [EXAMPLE, url, "a", "b"], { env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => python.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) python[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
  const lines = () => output.stdout.split("\n").slice(0, -1);
  await until("subscribed", isSubscribed(gateway, 2));
  const nonsense = [[], 7, {}, { channel: [] }, { channel: "a", position: [] }, { type: "heartbeat" }, { type: [] }, { type: "subscribed" }, { type: "reconnect", after_ms: "soon" }, { type: "error" }];
  for (const frame of nonsense) gateway.send(frame);
  const expected = await publishAroundCuts(gateway, 4);
  await until("every event", () => lines().length >= expected.length);
  assert.deepEqual(inOrder(lines().map((line) => Number(line.split(" ")[1]))), expected, output.stderr);
  gateway.floor = gateway.head + 1;
  gateway.cut(1013);
  gateway.publish("a", "lost");
  await until("two gaps", () => lines().filter((line) => line.startsWith("GAP")).length === 2);
  assert.deepEqual(lines().slice(-2), ["GAP a evicted", "GAP b evicted"]);
  gateway.cut(4001);
  await once(python, "exit");
  assert.match(output.stderr, /the server refused this token/);
  assert.deepEqual(new Set(webSockets.tokens), new Set(["a+b"]));
});

test("the example in Python has at most 150 lines", async () => {
  const { readFileSync } = await import("node:fs");
  assert.ok(readFileSync(EXAMPLE, "utf8").split("\n").length <= 151);
});
