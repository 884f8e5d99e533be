// Clients whose connections are cut again and again receive every event once and in order, or are told what is
// missing and why: a ledger of what was published against what each client has.
import assert from "node:assert/strict";
import test from "node:test";

import { HISTORY, Publisher, RESUMABLE, Resumer, judge, metrics, pause, startCarillon, startRedis, until } from "./harness.mjs";

const CHANNELS = Array.from({ length: 10 }, (_, i) => `c${i}`);
const OF_A_CLIENT = 5;

async function open(t, count) {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: [RESUMABLE], extra: HISTORY });
  const clients = Array.from({ length: count }, (_, number) => new Resumer(t, server, {
    channels: Array.from({ length: OF_A_CLIENT }, (_unused, i) => CHANNELS[(number + i * 3) % CHANNELS.length]),
  }));
  await Promise.all(clients.map((client) => client.connect()));
  await until("all are subscribed", () => clients.every(({ answers }) => answers.length === OF_A_CLIENT));
  return { redis, server, clients, publisher: new Publisher(server, redis, CHANNELS) };
}

const allHave = (clients, counts) => clients.every((client) => client.hasAll(counts));

test("clients that are cut at random end with every event once and in order", async (t) => {
  const { server, clients, publisher } = await open(t, 40);
  const { counts } = publisher;
  let publishing = true;
  const cutting = Promise.all(clients.map(async (client) => {
    while (publishing) {
      await pause(100 + Math.random() * 700);
      await client.cut(Math.random() * 1000);
    }
  }));
  const cuts = () => clients.reduce((sum, client) => sum + client.reconnects, 0);
  await until("they were cut often", async () => (await publisher.publishAll(1000), cuts() >= 80), { timeoutMs: 60_000 });
  publishing = false;
  await cutting;
  await until("every client has the last event of each channel", () => allHave(clients, counts));
  for (const { channels, answers } of clients) {
    assert.deepEqual(answers.filter(({ recovered }) => recovered === false), []);
    for (const [name, { numbers }] of channels) assert.deepEqual(judge(numbers, 0, counts.get(name)), [], name);
  }
  const page = await metrics(server);
  assert.ok(page.sum("carillon_resumes_total", { outcome: "recovered" }) >= cuts() * OF_A_CLIENT - 200);
  assert.ok(page.sum("carillon_resumed_events_total") > 0, "no client was ever behind: the test shows nothing");
  assert.equal(page.sum("carillon_resumes_total", { outcome: "evicted" }), 0);
});

test("a client that was away while Redis was killed is told of the gap, once, and misses nothing else", async (t) => {
  const { redis, server, clients, publisher } = await open(t, 10);
  const { counts } = publisher;
  await publisher.publishAll(100);
  await until("each has them", () => allHave(clients, counts));
  const before = new Map(counts);
  for (const { client } of clients) client.socket.terminate();
  await redis.kill();
  await server.waitForLog("the loss", ({ message }) => message === "bus is down");
  await redis.start();
  await until("the bus is up again", async () => (await metrics(server)).sum("carillon_bus_up") === 1);
  await publisher.publishAll(100);
  await Promise.all(clients.map((client) => client.connect()));
  const answered = () => clients.every(({ answers }) => answers.length === 2 * OF_A_CLIENT);
  await until("every subscription is answered", answered);
  await Promise.all(clients.map((client) => client.cut()));  // from the position of that answer nothing is missing
  await publisher.publishAll(100);
  await until("each has the last events", () => allHave(clients, counts));
  for (const { channels } of clients) {
    for (const [name, { numbers, holes }] of channels) {
      assert.deepEqual(holes, [{ at: before.get(name), reason: "gap" }], name);
      assert.deepEqual(judge(numbers.slice(0, holes[0].at), 0, before.get(name)), [], name);
      assert.deepEqual(judge(numbers.slice(holes[0].at), numbers[holes[0].at], counts.get(name)), [], name);
    }
  }
});
