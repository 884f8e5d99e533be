// Clients that send as fast as they can: events and /ready stay in time for the others, and clients over a rate
// limit are closed and counted.
import assert from "node:assert/strict";
import test from "node:test";

import { api, metrics, METRIC, mintToken, openClient, openFlooders, publish, startCarillon, until } from "../../harness.mjs";

const FLOODERS = 100;
const EVENTS = 100;
// Generous: flooders, publisher and client share the machine with the gateway.
const EVENT_MS_MAX = 2000;
const READY_MS_MAX = 2000;

const orion = () => `/ws?token=${mintToken()}`;
const service = () => `/api/ws?token=${mintToken()}`;
const FLOODS = [
  { what: "pings", target: orion, closes: "control_rate" },
  { what: "pongs", target: () => "/ws/streams", closes: "control_rate" },
  { what: "empty messages", target: () => "/ws/streams", closes: "rate_exceeded" },
  { what: "empty messages", target: service },
  { what: "messages of 64 KiB", target: service },
  { what: "subscribe and unsubscribe", target: service },
  { what: "fragments of one byte", target: service },
  { what: "requests", target: () => "" },
];

const timed = async (work) => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

for (const { what, target, closes } of FLOODS) {
  test(`a flood of ${what} to ${target().split("?")[0] || "the API"} delays no other client`, async (t) => {
    const endpoints = ["orion", "service", "fluxora"].map((profile) => ({ profile }));
    const server = await startCarillon(t, { endpoints, server: { shards: 1 } });
    const witness = await openClient(t, server.ws("/ws", mintToken()));
    const flood = await openFlooders(t, { port: server.port, target: target(), count: FLOODERS, what });

    const slowest = { event: 0, ready: 0 };
    for (let n = 1; n <= EVENTS; n += 1) {
      const event = await timed(async () => {
        assert.equal((await publish(server, { channel: "orion.x", data: n })).status, 200);
        await witness.next(n, 10_000);
      });
      const ready = await timed(async () => assert.equal((await api(server, "GET", "/ready")).status, 200));
      slowest.event = Math.max(slowest.event, event);
      slowest.ready = Math.max(slowest.ready, ready);
    }
    const { sent, ends } = await flood.end();
    t.diagnostic(`${what}: ${sent} bytes, ${ends} ends; slowest event ${slowest.event.toFixed(1)} ms, /ready ${slowest.ready.toFixed(1)} ms`);
    assert.deepEqual(witness.messages.map(({ data }) => JSON.parse(data).payload), Array.from({ length: EVENTS }, (_, n) => n + 1));
    assert.equal(witness.close, null);
    assert.ok(slowest.event < EVENT_MS_MAX, `an event took ${slowest.event} ms`);
    assert.ok(slowest.ready < READY_MS_MAX, `/ready took ${slowest.ready} ms`);

    const page = await metrics(server);
    const closed = closes ? page.sum(METRIC.closes, { reason: closes }) : 0;
    if (closes) assert.ok(closed >= FLOODERS, `each is closed at least once, and counted: ${closed}`);
    if (!closes) assert.equal(ends, 0, "what breaks no rule is not closed");
    // The kernel still holds several MiB that each of them has sent, and the gateway works through these first.
    await until("the flooders are gone", async () => (await metrics(server)).sum(METRIC.connections) === 1, { timeoutMs: 60_000 });
  });
}
