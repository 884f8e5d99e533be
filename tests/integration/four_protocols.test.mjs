// All four protocols at once on one process, over ws:// and wss://, under mixed traffic, with all client
// libraries: each client receives exactly the events of its own protocol, byte for byte.
import assert from "node:assert/strict";
import test from "node:test";

import {
  FOUR_PROTOCOLS, ENDPOINTS, LIBRARIES, METRIC, PING, judgeFrames, makeCertificate, markText, metrics, mintToken,
  publishers, startBoth, startRedis, subscribeTo, until,
} from "./harness.mjs";

const EVENTS = 50; // a stream
// [protocol, target of its clients, streams that they must receive]
const KINDS = [
  ["orion", {}, ["orion.trend.detected", "orion.content.created"]],
  ["service", { send: [subscribeTo("room:1"), PING] }, ["everyone", "room:1"]],
  ["service", { send: [subscribeTo("room:2"), subscribeTo("room:1"), PING] }, ["everyone", "room:1", "room:2"]],
  ["fluxora", { send: ["hello", "{}"] }, ["redis", "http"]],
  ["grimnir", { types: ["now_playing", "dj_connect"] }, ["now_playing", "dj_connect"]],
  ["grimnir", { types: ["live.handover"], send: ['{"type":"pong"}'] }, ["live.handover"]],
  ["grimnir", { types: ["bogus"] }, []],
];

async function openKind(libraryClients, address, [protocol, { types, send = [] }, streams]) {
  const url = `${address}${FOUR_PROTOCOLS[protocol].target(mintToken(), types)}`;
  const client = await libraryClients.open(url);
  assert.equal(client.refused, null);
  for (const text of send) await client.send(text);
  const answers = send.filter((text) => text === PING).length;
  await client.next(answers);
  return { client, protocol, streams, frames: answers + streams.length * EVENTS };
}

test("C1, C5: every library on every protocol at once receives exactly its own events", async (t) => {
  const redis = await startRedis(t);
  const certificate = await makeCertificate(t);
  const server = await startBoth(t, certificate, { bus: { url: redis.url }, endpoints: ENDPOINTS, server: { shards: 2 } });
  const libraries = await Promise.all(Object.entries(LIBRARIES).map(async ([library, start]) => [library, await start(t, { certificate })]));
  const opened = await Promise.all(libraries.flatMap(([library, clients]) =>
    KINDS.map(async (kind, n) => ({ library, ...await openKind(clients, server.addresses[n % 2 ? "wss" : "ws"], kind) }))));

  await t.test("mixed traffic from Redis, the publish API and ingest routes", () =>
    Promise.all(publishers(server, redis).map(async (source) => {
      for (let n = 0; n < EVENTS; n += 1) await source.send(markText(source, n));
    })));

  for (const [library] of libraries) {
    await t.test(`${library}: none lost, none twice, none of another protocol`, async () => {
      for (const { client, protocol, streams, frames } of opened.filter((one) => one.library === library)) {
        await client.next(frames, 60_000);
        assert.deepEqual([protocol, client.end, client.binaries, judgeFrames(protocol, client.frames, streams, EVENTS)], [protocol, null, 0, []]);
      }
    });
  }

  await t.test("the gateway counts as many deliveries, and no drop", async () => {
    const frames = opened.reduce((sum, one) => sum + one.streams.length * EVENTS, 0);
    const now = await metrics(server);
    assert.equal(now.sum(METRIC.deliveries), frames);
    assert.equal(now.sum(METRIC.eventsDropped), 0);
    for (const protocol of Object.keys(FOUR_PROTOCOLS)) {
      const clients = opened.filter((one) => one.protocol === protocol).length;
      assert.equal(now.sum(METRIC.connections, { endpoint: protocol }), clients);
    }
  });

  await t.test("clients that leave do not disturb others", async () => {
    const [leaving, staying] = [opened.filter((_, n) => n % 2), opened.filter((_, n) => n % 2 === 0)];
    for (const { client } of leaving) await client.close();
    await until("half are gone", () => leaving.every(({ client }) => client.end), { timeoutMs: 30_000 });
    for (const { client } of leaving) assert.equal(client.end.code, 1000);
    for (const source of publishers(server, redis)) await source.send(markText(source, EVENTS));
    for (const { client, protocol, streams, frames } of staying) {
      await client.next(frames + streams.length);
      assert.deepEqual(judgeFrames(protocol, client.frames, streams, EVENTS + 1), []);
    }
  });
});
