// `carillon bench` against the real gateway and a real Redis: it counts exactly what was sent, and reports a
// bad run as bad.
import assert from "node:assert/strict";
import test from "node:test";

import { API_KEY, BINARY, SECRET, mintToken, run, startCarillon, startRedis } from "./harness.mjs";

const SERVICE_BODY = '{"type":"t","data":{"n":$n,"pad":"$pad"}}';

function bench(args, env = {}) {
  return run(BINARY, ["bench", ...args], { env: { CARILLON_API_KEY: API_KEY, CARILLON_JWT_SECRET: SECRET, ...env } });
}
async function figures(args, env) {
  const end = await bench([...args, "--json"], env);
  assert.equal(end.code, 0, end.stderr + end.stdout);
  return JSON.parse(end.stdout);
}

test("carillon bench", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, {
    bus: { url: redis.url }, endpoints: [{ profile: "orion" }, { profile: "service" }],
  });
  const orion = ["--url", server.ws("/ws"), "--channel", "orion.bench"];
  const api = ["--publish", `http://127.0.0.1:${server.port}/v1/publish`];

  await t.test("through the API: every event reaches every client, and is timed", async () => {
    const found = await figures([...orion, ...api, "--clients", "200", "--rate", "100", "--duration", "2s",
      "--server-pid", `${server.pid}`]);
    assert.equal(found.connected, 200);
    assert.equal(found.published, 200);
    assert.deepEqual([found.deliveries, found.expected, found.lost, found.surplus], [40_000, 40_000, 0, 0]);
    assert.deepEqual([found.checked, found.out_of_order], [200 * 4, 0]); // clients 0, 64, 128 and 192
    assert.equal(found.latency_us.count, 40_000);
    assert.ok(found.latency_us.p50 > 0 && found.latency_us.p50 <= found.latency_us.p99, JSON.stringify(found.latency_us));
    assert.ok(found.server.cpu_us_a_delivery > 0, JSON.stringify(found.server));
    assert.ok(found.server.rss_end > 1024 * 1024);
  });

  await t.test("through Redis, with a user for each client", async () => {
    const found = await figures([...orion, "--publish", redis.url, "--clients", "50", "--users", "50", "--rate", "500",
      "--events", "300"]);
    assert.deepEqual([found.published, found.deliveries, found.lost], [300, 15_000, 0]);
  });

  await t.test("a channel per client: each client receives its own", async () => {
    const found = await figures(["--url", server.ws("/api/ws"), ...api, "--clients", "100", "--rate", "1000", "--events",
      "1000", "--order", "random", "--channel", "service.channel.room.$i", "--body", SERVICE_BODY,
      "--hello", '{"type":"subscribe","data":{"channel":"room.$i"}}']);
    assert.deepEqual([found.deliveries, found.lost, found.out_of_order], [1000, 0, 0]);
  });

  await t.test("events counted by a marker, for servers that put several into a frame", async () => {
    const found = await figures([...orion, ...api, "--clients", "10", "--rate", "100", "--events", "50",
      "--count", 'marker:"pad":']);
    assert.deepEqual([found.deliveries, found.lost], [500, 0]);
  });

  await t.test("clients that never read are not waited for", async () => {
    const found = await figures([...orion, ...api, "--clients", "20", "--stall", "5", "--rate", "100", "--events", "50"]);
    assert.deepEqual([found.stalled, found.deliveries, found.lost], [5, 15 * 50, 0]);
  });

  await t.test("a text hello keeps its JSON escapes", async () => {
    const found = await figures(["--url", server.ws("/api/ws"), ...api, "--clients", "5", "--rate", "100", "--events",
      "20", "--channel", "service.channel.back\\slash", "--body", SERVICE_BODY,
      "--hello", '{"type":"subscribe","data":{"channel":"back\\\\slash"}}']);
    assert.deepEqual([found.deliveries, found.lost], [100, 0]);
  });

  await t.test("several threads, each with its own descriptors, count together", async () => {
    const found = await figures([...orion, ...api, "--clients", "101", "--threads", "2", "--rate", "100", "--events", "50"]);
    assert.deepEqual([found.connected, found.deliveries, found.lost], [101, 5050, 0]);
  });

  await t.test("without --publish it connects and listens", async () => {
    const found = await figures([...orion, "--clients", "10", "--duration", "200ms"], { CARILLON_TOKEN: mintToken() });
    assert.deepEqual([found.connected, found.published], [10, 0]);
  });

  await t.test("a table for people", async () => {
    const end = await bench([...orion, ...api, "--clients", "10", "--rate", "100", "--events", "20"]);
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stdout, /^delivered +200 of 200, 0 lost/m);
    assert.match(end.stdout, /^latency +p50 /m);
  });

  for (const [what, args, env, code, words] of [
    ["a path that no endpoint serves", ["--url", server.ws("/nope")], {}, 1, /no client could connect: HTTP\/1.1 404/],
    ["a token that is refused", orion, { CARILLON_TOKEN: "x.y.z" }, 1, /no client could connect: HTTP\/1.1 401/],
    ["a channel without events", ["--url", server.ws("/ws"), ...api, "--channel", "elsewhere.x", "--clients", "3"], {}, 1,
      /3 of 3 clients have not received their first event, .* --channel/],
    ["a key that is refused", [...orion, ...api], { CARILLON_API_KEY: "wrong" }, 1, /--publish: .*401/],
    ["no channel", ["--url", server.ws("/ws"), ...api], {}, 2, /--channel/],
    ["no key", [...orion, ...api], { CARILLON_API_KEY: "" }, 2, /CARILLON_API_KEY/],
    ["a URL of another kind", ["--url", "ftp://127.0.0.1/"], {}, 2, /--url/],
    ["an answer without a question", [...orion, "--answer", "=x"], {}, 2, /--answer/],
    ["more clients than files", [...orion, "--clients", "3999999"], {}, 2, /--threads/],
  ]) {
    await t.test(`${what}: exit code ${code}, and why`, async () => {
      const end = await bench(args, env);
      assert.equal(end.code, code, end.stderr);
      assert.match(end.stderr, words);
    });
  }
});
