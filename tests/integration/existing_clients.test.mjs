// Existing clients of the four protocols work with only the host and the token changed.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import ReconnectingWebSocket from "reconnecting-websocket";
import WebSocket from "ws";

import {
  ENDPOINTS, ROOT, freePort, makeCertificate, mintToken, openPage, run, startBoth, startCarillon, startProcess,
  startRedis, until,
} from "./harness.mjs";

const WSCAT = path.join(ROOT, "tests/integration/node_modules/.bin/wscat");
const GENEROUS = { timeoutMs: 60_000 };

test("orion 1, 5: a page reads channel and payload, and code and reason at the close", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: ENDPOINTS });
  const page = await openPage(t, "orion.html");
  await page.evaluate(([address, token]) => listen(address, token), [`ws://localhost:${server.port}`, mintToken()]);
  const payload = { trend_id: "0b6f0f0e-9c50-4b0a-8a0e-3a4f4f8a1c11", topic: "AI agents in production", score: 0.87 };
  await redis.publish("orion.trend.detected", JSON.stringify(payload));
  await until("the page has it", () => page.evaluate(() => seen.length > 0), GENEROUS);
  assert.deepEqual(await page.evaluate(() => seen), [{ channel: "orion.trend.detected", payload }]);
  server.signal("SIGTERM");
  await until("the page knows the end", () => page.evaluate(() => end !== null), GENEROUS);
  assert.deepEqual(await page.evaluate(() => end), { code: 1001, reason: "" });
});

for (const scheme of ["ws", "wss"]) {
  test(`fluxora 7, 11: wscat ${scheme}:// on a second listen address, POST /api/streams by curl, and jq .wsConnections`, async (t) => {
    const redis = await startRedis(t);
    const certificate = await makeCertificate(t);
    const server = await startBoth(t, certificate, { bus: { url: redis.url }, endpoints: ENDPOINTS });
    const second = server.addresses[scheme].replace("ws", "http");
    const curl = `curl -sS --cacert ${certificate.certFile}`;
    const shell = async (line) => {
      const { code, stdout, stderr } = await run("bash", ["-o", "pipefail", "-c", line]);
      assert.equal(code, 0, `${line}: ${stderr}`);
      return stdout;
    };
    const wsConnections = () => shell(`${curl} ${second}/health | jq .wsConnections`);
    assert.equal(await wsConnections(), "0");

    const wscat = startProcess("node", [WSCAT, "--ca", certificate.certFile, "-c", `${server.addresses[scheme]}/ws/streams`]);
    t.after(() => wscat.child.kill("SIGKILL"));
    await until("wscat is counted", async () => (await wsConnections()) === "1", GENEROUS);

    const answer = await shell(`${curl} -X POST ${second}/api/streams -H 'Content-Type: application/json' -d '{"name":"salary","rate":"0.5"}'`);
    const payload = JSON.parse(answer);
    assert.deepEqual(Object.keys(payload), ["id", "name", "rate"]);
    const event = JSON.parse(await until("wscat shows the event", () => wscat.lines.stdout[0], GENEROUS));
    assert.deepEqual(Object.keys(event), ["event", "streamId", "payload", "timestamp"]);
    assert.deepEqual([event.event, event.streamId, event.payload], ["stream.created", payload.id, payload]);

    wscat.child.kill("SIGKILL"); // fluxora 7: an abrupt end leaves the count as soon as the kernel reports it
    await until("no client is counted", async () => (await wsConnections()) === "0", GENEROUS);
  });
}

test("grimnir 3, 5: the reconnecting monitors of a page live through restarts", async (t) => {
  const redis = await startRedis(t);
  const options = {
    bus: { url: redis.url },
    endpoints: [{ profile: "grimnir", "keepalive.frame": "250ms" }],
    server: { listen: [`127.0.0.1:${await freePort()}`] },
  };
  let server = await startCarillon(t, options);
  const page = await openPage(t, "grimnir.html");
  await page.evaluate(([address, token]) => watch(address, token), [`ws://localhost:${server.port}`, mintToken()]);
  const states = async (what, holds) => until(what, async () => {
    const now = await page.evaluate(() => state());
    return now.every(holds) && now;
  }, { ...GENEROUS, everyMs: 50 });
  const onAir = [];
  const receives = async (type, payload, line) => {
    assert.match(await redis.publish(`grimnir.${type}`, JSON.stringify(payload)), /^:1/);
    onAir.push(line);
    await until(line, async () => (await page.evaluate(() => onAir)).length >= onAir.length, GENEROUS);
    assert.deepEqual(await page.evaluate(() => onAir), onAir);
  };

  await states("both are connected and pinged", ({ opens, pings }) => opens === 1 && pings > 0);
  await redis.publish("grimnir.now_playing", "{}"); // of no concern to either
  await receives("live.handover", { username: "ada", transition_type: "faded" }, "handover to ada");
  await receives("webstream.failover", { failover_url: "http://b.example/" }, "failed over to http://b.example/");

  await server.stop();
  await states("two attempts have failed", ({ delays }) => delays.length >= 3);
  server = await startCarillon(t, options);
  await states("both are back", ({ opens }) => opens === 2);
  await receives("dj_connect", { username: "bob" }, "connected bob");
  await receives("webstream.recovered", { recovered_url: "http://a.example/" }, "recovered http://a.example/");

  const before = await page.evaluate(() => state());
  for (const { delays } of before) assert.deepEqual(delays, delays.map((_, n) => Math.min(1000 * 2 ** n, 30_000)));
  await server.stop();
  server = await startCarillon(t, options);
  const after = await states("back once more", ({ opens }) => opens === 3);
  after.forEach(({ delays }, n) => assert.equal(delays[before[n].delays.length], 1000, "the delay began anew after the open"));
  await receives("live.released", { username: "ada" }, "released by ada");
  await receives("dj_disconnect", { username: "bob" }, "disconnected bob");
});

test("npm reconnecting-websocket: its clients of all four protocols come back after a restart", async (t) => {
  const redis = await startRedis(t);
  const options = { bus: { url: redis.url }, endpoints: ENDPOINTS, server: { listen: [`127.0.0.1:${await freePort()}`] } };
  let server = await startCarillon(t, options);
  const token = mintToken();
  const kinds = [
    [`/ws?token=${token}`, "orion.trend.detected", (n) => `{"n":${n}}`, (data) => data.payload.n],
    [`/api/ws?token=${token}`, "service.broadcast", (n) => `{"type":"notification","data":{"n":${n}}}`, (data) => data.data.n],
    ["/ws/streams", "fluxora.streams", (n) => `{"event":"stream.updated","payload":{"n":${n}}}`, (data) => data.payload.n],
    [`/api/v1/events?token=${token}`, "grimnir.health", (n) => `{"n":${n}}`, (data) => data.payload.n],
  ];
  const clients = kinds.map(([target, channel, body, read]) => {
    const socket = new ReconnectingWebSocket(`ws://localhost:${server.port}${target}`, [], {
      WebSocket, minReconnectionDelay: 50, maxReconnectionDelay: 500,
    });
    const client = { socket, channel, body, opens: 0, numbers: [] };
    socket.addEventListener("open", () => { client.opens += 1; });
    socket.addEventListener("message", (event) => client.numbers.push(read(JSON.parse(event.data))));
    t.after(() => socket.close());
    return client;
  });
  for (let round = 1; round <= 3; round += 1) {
    await until(`all are open, ${round}`, () => clients.every(({ opens }) => opens === round), GENEROUS);
    for (const { channel, body } of clients) await redis.publish(channel, body(round));
    await until(`all have received ${round}`, () => clients.every(({ numbers }) => numbers.length >= round), GENEROUS);
    if (round === 3) break;
    await server.stop();
    server = await startCarillon(t, options);
  }
  for (const { numbers } of clients) assert.deepEqual(numbers, [1, 2, 3]);
});
