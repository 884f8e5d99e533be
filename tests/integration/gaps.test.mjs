// What clients are told when the broker is lost and comes back.
import assert from "node:assert/strict";
import test from "node:test";

import {
  metrics, mintToken, openClient, startCarillon, startRedis, until,
} from "./harness.mjs";

const ENDPOINT = {
  profile: "service",
  acks: "on",
  "frames.event": '{"type":"event","channel":$*,"n":$body/data/n,"position":$position}',
  "frames.gap":
    '{"type":"gap","channel":$channel,"count":$count,"before":$before,"after":$after,"reason":$reason}',
  "frames.degraded": '{"type":"degraded","reason":$reason}',
  "frames.restored": '{"type":"restored","reason":$reason}',
};
const CLIENTS = 40;

// A client with several channels, and every frame that it has been sent.
async function openSubscribed(t, server, number) {
  const client = await openClient(t, server.ws("/api/ws", mintToken({ sub: `user-${number}` })));
  const frames = [];
  client.socket.on("message", (data) => frames.push(JSON.parse(data)));
  for (const channel of ["all", `c${number % 5}`, `d${number % 3}`]) {
    client.socket.send(JSON.stringify({ type: "subscribe", data: { channel } }));
  }
  await until("it is subscribed", () => frames.filter(({ type }) => type === "subscribed").length === 3);
  frames.length = 0;
  return { client, frames };
}

test("Redis killed and restarted: each client is sent degraded, one gap, restored", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: [ENDPOINT] });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => openSubscribed(t, server, i)));
  const send = (n) => redis.publish("service.channel.all", JSON.stringify({ type: "x", data: { n } }));
  const typesOf = ({ frames }) => frames.map(({ type }) => type);

  await send(1);
  await until("the event is at every client", () => clients.every(({ frames }) => frames.length === 1));
  await redis.kill();
  await until("every client is degraded", () => clients.every(({ frames }) => frames.at(-1).type === "degraded"));
  const late = await openClient(t, server.ws("/api/ws", mintToken({ sub: "late" })));

  await redis.start();
  await until("every client is restored", () => clients.every((each) => typesOf(each).includes("restored")));
  await send(2);
  await until("the second event is at every client", () =>
    clients.every(({ frames }) => frames.some(({ n }) => n === 2)));

  for (const { client, frames } of clients) {
    const [event, degraded, gap, restored, ...more] = frames;
    assert.equal(event.n, 1);
    assert.deepEqual(degraded, { type: "degraded", reason: "bus" });
    assert.deepEqual(gap,
      { type: "gap", channel: null, count: null, before: event.position, after: null, reason: "bus" });
    assert.deepEqual(restored, { type: "restored", reason: "bus" });
    assert.deepEqual(more.map(({ n }) => n), [2]);
    assert.equal(client.socket.readyState, 1);
  }
  assert.deepEqual(late.messages.map(({ data }) => JSON.parse(data).type), ["degraded", "gap", "restored"]);

  const now = await metrics(server);
  assert.equal(now.sum("carillon_gap_frames_pending"), 0);
  assert.equal(now.sum("carillon_bus_gaps_total"), 1);
  assert.ok(now.sum("carillon_gap_frames_total", { reason: "bus" }) >= CLIENTS);
  assert.equal(now.sum("carillon_bus_status_frames_total", { status: "degraded" }),
    now.sum("carillon_bus_status_frames_total", { status: "restored" }));
});
