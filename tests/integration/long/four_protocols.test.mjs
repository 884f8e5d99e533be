// 2,500 clients of each protocol at once on one process, 200 events a second in total, for 60 s: none lost, none
// twice, none of another protocol. Prints the resources that the gateway used.
import assert from "node:assert/strict";
import test from "node:test";

import {
  FOUR_PROTOCOLS, ENDPOINTS, GO_CLIENT, METRIC, PING, buildGoClient, markText, metrics, mintToken, publishers,
  startCarillon, startProcess, startRedis, subscribeTo, until, within,
} from "../harness.mjs";

const CLIENTS = 2500; // of each protocol
const PER_SECOND = 200;
const SECONDS = 60;
// Of grimnir, 100 connections may come from one address a minute.
const ADDRESSES = Array.from({ length: 50 }, (_, n) => `127.0.1.${n + 1}`);

const group = (server, protocol, share, { types, send = [], from = [] }, streams) => ({
  protocol, send, from, streams, count: Math.round(CLIENTS * share),
  url: `ws://127.0.0.1:${server.port}${FOUR_PROTOCOLS[protocol].target(mintToken(), types)}`,
  // Go writes a named group as (?P<name>.
  event: FOUR_PROTOCOLS[protocol].event.replaceAll("(?<", "(?P<"), quiet: FOUR_PROTOCOLS[protocol].quiet,
});

const groups = (server) => [
  group(server, "orion", 1, {}, ["orion.trend.detected", "orion.content.created"]),
  group(server, "service", 0.5, { send: [subscribeTo("room:1"), PING] }, ["everyone", "room:1"]),
  group(server, "service", 0.5, { send: [subscribeTo("room:2"), PING] }, ["everyone", "room:2"]),
  group(server, "fluxora", 1, {}, ["redis", "http"]),
  group(server, "grimnir", 0.5, { types: ["now_playing", "live.handover"], from: ADDRESSES }, ["now_playing", "live.handover"]),
  group(server, "grimnir", 0.5, { types: ["dj_connect"], from: ADDRESSES }, ["dj_connect"]),
];

async function startSwarm(t, server) {
  await buildGoClient();
  const swarm = startProcess(GO_CLIENT, ["swarm"]);
  t.after(() => swarm.child.kill("SIGKILL"));
  const line = (index, timeoutMs) => until("the swarm", () => {
    if (swarm.child.exitCode) throw new Error(swarm.text());
    return swarm.lines.stdout[index];
  }, { timeoutMs });
  swarm.child.stdin.write(`${JSON.stringify({ groups: groups(server), patience: 20 })}\n`);
  assert.equal(await line(0, 180_000), "connected");
  return async (totals) => {
    swarm.child.stdin.write(`${JSON.stringify(totals)}\n`);
    return JSON.parse(await line(1, 180_000));
  };
}

// An event of each stream in turn, 200 a second by the clock; each stream waits for its own answers, so that
// its order is certain. Resolves to { "protocol stream": how many }, and how long it took.
async function drive(sources) {
  const due = (start) => Math.min(Math.floor(((performance.now() - start) / 1000) * PER_SECOND / sources.length), PER_SECOND * SECONDS / sources.length);
  const start = performance.now();
  await Promise.all(sources.map(async (source) => {
    for (let n = 0; n < PER_SECOND * SECONDS / sources.length; n += 1) {
      await until("its time", () => due(start) > n, { everyMs: 5, timeoutMs: 2 * SECONDS * 1000 });
      await source.send(markText(source, n));
    }
  }));
  const totals = Object.fromEntries(sources.map(({ protocol, stream }) => [`${protocol} ${stream}`, PER_SECOND * SECONDS / sources.length]));
  return { totals, seconds: (performance.now() - start) / 1000 };
}

test("2,500 clients of each of four protocols, 200 events/s, 60 s", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: ENDPOINTS });
  const judge = await startSwarm(t, server);
  const connected = await metrics(server);
  for (const protocol of Object.keys(FOUR_PROTOCOLS)) assert.equal(connected.sum(METRIC.connections, { endpoint: protocol }), CLIENTS);
  const sources = publishers(server, redis);
  const { totals, seconds } = await drive(sources);
  const verdicts = await within("the verdict", 200_000, judge(totals));
  const deliveries = verdicts.reduce((sum, { received }) => sum + received, 0);
  console.log(`${Object.values(totals).reduce((a, b) => a + b)} events in ${seconds.toFixed(1)} s, ${deliveries} deliveries ` +
    `(${Math.round(deliveries / seconds)}/s), ${Math.round(server.residentBytes() / 2 ** 20)} MiB resident`);
  for (const v of verdicts) {
    console.log(`${v.protocol}: ${v.clients} clients, ${v.received} received, p50 ${v.p50_ms.toFixed(1)} ms, ` +
      `p99 ${v.p99_ms.toFixed(1)} ms, max ${v.max_ms.toFixed(1)} ms`);
  }

  for (const [index, v] of verdicts.entries()) {
    await t.test(`${v.protocol}, group ${index}: 0 lost, 0 duplicated, 0 foreign, none closed`, () =>
      assert.deepEqual({ lost: v.lost, duplicated: v.duplicated, foreign: v.foreign, closed: v.closed, examples: v.examples ?? [] },
        { lost: 0, duplicated: 0, foreign: 0, closed: 0, examples: [] }));
  }
  await t.test("each client has each event, and the gateway counts no drop", async () => {
    assert.equal(deliveries, groups(server).reduce((sum, { protocol, count, streams }) =>
      sum + count * streams.reduce((events, stream) => events + totals[`${protocol} ${stream}`], 0), 0));
    assert.equal((await metrics(server)).sum(METRIC.eventsDropped), 0);
  });
});
