// Ingest routes: HTTP requests that become events on the bus, with the real binary and a real Redis.
import assert from "node:assert/strict";
import test from "node:test";

import {
  api, configText, metrics, openClient, rawExchange, startCarillon, startProcess, startRedis, until,
} from "./harness.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const stream = (event) => `'{"event":"stream.${event}","streamId":$id,"payload":$payload,"timestamp":$time_ms}'`;
const route = (keys) =>
  ["[[route]]", ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ""].join("\n");
const toStreams = (keys) => route({ channel: '"fluxora.streams"', answer: "'$payload'", ...keys });

const ROUTES = [
  toStreams({ methods: '["POST"]', path: '"/api/streams"', id: '"uuid"', event: stream("created"), status: 201 }),
  toStreams({ methods: '["PATCH", "PUT"]', path: '"/api/streams/{id}"', id: '"{id}"', event: stream("updated") }),
  toStreams({ methods: '["DELETE"]', path: '"/api/streams/{id}"', id: '"{id}"', event: stream("cancelled") }),
  toStreams({ methods: '["POST"]', path: '"/api/streams/{id}/cancel"', id: '"{id}"', event: stream("cancelled") }),
  route({ path: '"/api/v1/webhooks/track-start"', channel: '"grimnir.now_playing"', body: '"any"', event: "'$body'",
    status: 202, answer: `'{"status":"received"}'` }),
  route({ path: '"/hooks/{tenant}"', channel: '"hooks.{tenant}"', key: '{ env = "HOOK_KEY" }' }),
].join("\n");

const ENDPOINT = {
  profile: "orion", "auth.mode": "none", "source.channels": ["fluxora.streams", "grimnir.*", "hooks.*"],
  "frames.event": "$body", "health.connections": "wsConnections",
};
const options = (more = {}) => ({ endpoints: [ENDPOINT], extra: ROUTES, env: { HOOK_KEY: "hook-key-1" }, ...more });

const send = (server, method, path, body, headers = {}) =>
  api(server, method, path, { body, headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers } });

// What `redis-cli` receives on every channel: [{ channel, body }].
async function subscribe(t, redis) {
  const cli = startProcess("redis-cli", ["-p", String(redis.port), "--raw", "PSUBSCRIBE", "*"]);
  t.after(() => cli.child.kill("SIGKILL"));
  await until("redis-cli has subscribed", () => cli.lines.stdout.length >= 3);
  return () => { // four lines an event: pmessage, the pattern, the channel, the body
    const lines = cli.lines.stdout.slice(3);
    return Array.from({ length: Math.floor(lines.length / 4) }, (_, n) => ({ channel: lines[4 * n + 2], body: lines[4 * n + 3] }))
      .filter(({ channel }) => !channel.startsWith("carillon."));
  };
}

test("fluxora 11: requests become events, and the answer is the payload", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, options({ bus: { url: redis.url } }));
  const received = await subscribe(t, redis);
  const client = await openClient(t, server.ws("/ws"));
  let events = 0;

  // Sends, and returns the response and the event as `ws` and `redis-cli` both receive it.
  const exchange = async (channel, ...request) => {
    const answer = await send(server, ...request);
    events += 1;
    const text = (await client.next(events))[events - 1].data.toString();
    const onRedis = (await until("the event at redis-cli", () => received().length >= events && received()))[events - 1];
    assert.deepEqual(onRedis, { channel, body: text });
    return { answer, text, event: JSON.parse(text) };
  };
  const streams = (...request) => exchange("fluxora.streams", ...request);

  await t.test("POST creates, with a fresh id first", async () => {
    const { answer, text, event } = await streams("POST", "/api/streams", '{"name":"a", "rate":1.50}');
    assert.equal(answer.status, 201);
    assert.match(answer.headers["content-type"], /^application\/json/);
    assert.match(event.streamId, UUID);
    assert.equal(answer.text, `{"id":"${event.streamId}","name":"a", "rate":1.50}`);
    assert.equal(text, `{"event":"stream.created","streamId":"${event.streamId}","payload":${answer.text},"timestamp":"${event.timestamp}"}`);
    assert.match(event.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(event.timestamp) - Date.now()) < 60_000);
  });

  await t.test("without a body it is {}, and ids differ", async () => {
    const one = await streams("POST", "/api/streams");
    const two = await streams("POST", "/api/streams", "", { "Content-Type": "text/plain" });
    assert.deepEqual([one.answer.text, two.answer.text], [`{"id":"${one.event.streamId}"}`, `{"id":"${two.event.streamId}"}`]);
    assert.notEqual(one.event.streamId, two.event.streamId);
  });

  await t.test("an id in the body stays where it is", async () => {
    const { answer, event } = await streams("POST", "/api/streams", '{"name":"b","id":"s-7"}');
    assert.equal(answer.text, '{"name":"b","id":"s-7"}');
    assert.equal(event.streamId, "s-7");
  });

  for (const method of ["PATCH", "PUT"]) {
    await t.test(`${method} updates`, async () => {
      const { answer, event } = await streams(method, "/api/streams/s-7", '{"rate":2}');
      assert.deepEqual([answer.status, answer.text], [200, '{"id":"s-7","rate":2}']);
      assert.deepEqual({ ...event, timestamp: 0 },
        { event: "stream.updated", streamId: "s-7", payload: { id: "s-7", rate: 2 }, timestamp: 0 });
    });
  }

  for (const request of [["DELETE", "/api/streams/s%207"], ["POST", "/api/streams/s%207/cancel"]]) {
    await t.test(`${request.join(" ")} cancels`, async () => {
      const { answer, event } = await streams(...request);
      assert.deepEqual([answer.status, answer.text, event.event, event.streamId], [200, '{"id":"s 7"}', "stream.cancelled", "s 7"]);
    });
  }

  await t.test("grimnir 10: a track start is relayed byte for byte", async () => {
    const { answer, text } = await exchange("grimnir.now_playing", "POST", "/api/v1/webhooks/track-start", '{ "a":1, "a":2e400 }');
    assert.deepEqual([answer.status, answer.text], [202, '{"status":"received"}']);
    assert.equal(text, '{ "a":1, "a":2e400 }');
  });

  await t.test("a path's parameter names the channel, and a key is asked for", async () => {
    const { answer, text } = await exchange("hooks.acme", "POST", "/hooks/acme", '{"n":1}', { "X-API-Key": "hook-key-1" });
    assert.deepEqual([answer.status, answer.text, text], [200, "{}", '{"n":1}']);
    await exchange("hooks.acme", "POST", "/hooks/acme", "{}", { Authorization: "Bearer hook-key-1" });
  });

  await t.test("a refused request gets its reason, and nothing is published", async () => {
    const refused = [
      [400, "POST", "/api/streams", "{"], [400, "POST", "/api/streams", "[]"], [400, "POST", "/api/streams", "x"],
      [400, "PATCH", "/api/streams/1", Buffer.from('{"a":"\xff"}', "latin1")],
      [400, "POST", "/api/v1/webhooks/track-start"],
      [401, "POST", "/hooks/acme", "{}"], [401, "POST", "/hooks/acme", "{}", { "X-API-Key": "hook-key-2" }],
      [401, "POST", "/hooks/acme?api_key=hook-key-1", "{}"],
      [404, "POST", "/api/streams/", "{}"], [404, "POST", "/api/streams//cancel", "{}"],
      [405, "GET", "/api/streams"], [405, "POST", "/api/streams/1", "{}"],
      [413, "POST", "/api/streams", `{"a":"${"x".repeat(1024 * 1024 - 20)}"}`],
      [415, "POST", "/api/streams", "{}", { "Content-Type": "text/plain" }],
      [415, "POST", "/api/streams", "a=1", { "Content-Type": "application/x-www-form-urlencoded" }],
    ];
    for (const [status, ...request] of refused) {
      const answer = await send(server, ...request);
      assert.equal(answer.status, status, `${request[0]} ${request[1]}: ${answer.text}`);
      assert.equal(typeof answer.json.message, "string");
      assert.ok(!answer.text.includes("hook-key-1"));
    }
    const declared = await rawExchange(server.port,
      "POST /api/streams HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n");
    assert.equal(declared.status, 413);
    assert.equal((await send(server, "GET", "/api/streams/1")).headers.allow, "PATCH, PUT, DELETE");
    const last = await streams("POST", "/api/streams", '{"id":"last"}');
    assert.equal(last.event.streamId, "last", "the next event is this one");
    const { by } = await metrics(server);
    assert.deepEqual(by("carillon_ingest_refusals_total", "reason"), { method_not_allowed: 3, draining: 0, key: 3, cross_site: 0,
      content_type: 2, body: 5, reserved_channel: 0, event_too_long: 1, unavailable: 0, bus_refused: 0 });
  });

  await t.test("fluxora 7: /health counts the endpoint's connections at the top level", async () => {
    const health = () => send(server, "GET", "/health").then((answer) => answer.json);
    assert.equal((await health()).wsConnections, 1);
    const second = await openClient(t, server.ws("/ws"));
    assert.deepEqual([(await health()).wsConnections, (await health()).connections], [2, 2]);
    second.socket.terminate();
    await until("the count goes down", async () => (await health()).wsConnections === 1);
  });

  await t.test("503 and Retry-After when Redis is down: nothing acknowledged and lost", async () => {
    await redis.kill();
    const answer = await send(server, "POST", "/api/streams", "{}");
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
    assert.equal(client.messages.length, events);
    await redis.start();
    await until("201 again", async () => (await send(server, "POST", "/api/streams", "{}")).status === 201, { timeoutMs: 6000, everyMs: 50 });
    await client.next(events + 1);
  });
});

test("many requests at once on several shards: each answer's id is one event's", async (t) => {
  const server = await startCarillon(t, options({ server: { shards: 2 } }));
  await until("the bus is up", async () => (await api(server, "GET", "/ready")).status === 200);
  const client = await openClient(t, server.ws("/ws"));
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => send(server, "POST", "/api/streams", `{"n":${n}}`)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
  const messages = await client.next(200);
  const sorted = (list) => list.map(({ id, n }) => `${id} ${n}`).sort();
  assert.deepEqual(sorted(messages.map(({ data }) => JSON.parse(data).payload)), sorted(answers.map(({ json }) => json)));
});

test("a route in an endpoint's table is served, and a wrong one is reported with its place", async (t) => {
  const own = ROUTES.replaceAll("[[route]]", "[[endpoint.route]]");
  const server = await startCarillon(t, options({ extra: own }));
  await until("the bus is up", async () => (await api(server, "GET", "/ready")).status === 200);
  assert.equal((await send(server, "POST", "/api/streams", "{}")).status, 201);

  const { writeFileSync } = await import("node:fs");
  const path = await import("node:path");
  const { carillon, temporaryFolder } = await import("./harness.mjs");
  const file = path.join(temporaryFolder(t), "bad.toml");
  const text = configText(options({ extra: `${own}\n[[endpoint.route]]\npath = "/ws"\nchannel = "c"\nevent = '$bdy'\n` }));
  writeFileSync(file, text);
  const line = text.split("\n").indexOf('path = "/ws"') + 1;
  const { code, stdout, stderr } = await carillon(["check", file], { env: { HOOK_KEY: "hook-key-1" } });
  assert.notEqual(code, 0);
  const output = stdout + stderr;
  assert.ok(output.includes(`bad.toml:${line}: endpoint[0].route[6].path: "/ws" is the path of the endpoint at`), output);
  assert.ok(output.includes(`bad.toml:${line + 2}: endpoint[0].route[6].event: at byte 0: there is no variable $bdy; did you mean $body?`), output);
});
