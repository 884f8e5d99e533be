// Clients whose connections are cut again and again receive every event once and in order, or are told what is
// missing and why: a ledger of what was published against what each client has.
import assert from "node:assert/strict";
import test from "node:test";

import {
  judge, metrics, mintToken, openClient, pause, publish, startCarillon, startRedis, until,
} from "./harness.mjs";

const CHANNELS = 10;
const OF_A_CLIENT = 5;
const ENDPOINT = {
  profile: "service",
  acks: "on",
  "frames.event": '{"type":"event","channel":$*,"n":$body/data/n,"position":$position}',
  "commands.subscribe.position": "/data/position",
  "commands.subscribe.reply":
    '{"type":"subscribed","channel":$channel,"position":$position,"recovered":$recovered,"reason":$reason}',
};
const HISTORY = "[[endpoint.history]]\nevents = 1000\nage = \"5m\"";

// Subscribes to its channels, each from where it stands, and notes what arrives.
class Resumer {
  constructor(t, server, number) {
    Object.assign(this, { t, server, reconnects: 0, answers: [] });
    this.channels = new Map(Array.from({ length: OF_A_CLIENT }, (_, i) =>
      [`c${(number + i * 3) % CHANNELS}`, { position: null, numbers: [], holes: [] }]));
  }

  async connect() {
    this.client = await openClient(this.t, this.server.ws("/api/ws", mintToken({ sub: "alice" })));
    this.client.socket.on("message", (data) => this.take(JSON.parse(data)));
    for (const [channel, { position }] of this.channels) {
      this.client.socket.send(JSON.stringify({ type: "subscribe", data: { channel, position } }));
    }
  }

  take(frame) {
    const channel = this.channels.get(frame.channel);
    if (frame.type === "subscribed") {
      this.answers.push(frame);
      // Whoever missed something goes on from the answer; so does whoever has received nothing yet.
      if (frame.recovered === false) channel.holes.push({ at: channel.numbers.length, reason: frame.reason });
      if (frame.recovered === false || channel.position === null) channel.position = frame.position;
      return;
    }
    channel.numbers.push(frame.n);
    channel.position = frame.position;
  }

  async cut(awayMs = 0) {
    this.client.socket.terminate();
    await pause(awayMs);
    this.reconnects += 1;
    await this.connect();
  }
}

// Publishes by HTTP and by Redis in turn; `counts` has the number of events of each channel.
async function publishAll(server, redis, counts, events) {
  for (let i = 0; i < events; i += 1) {
    const channel = `c${i % CHANNELS}`;
    const body = { type: "x", data: { n: counts.get(channel) ?? 0 } };
    if (i % 2 === 0) {
      assert.equal((await publish(server, { channel: `service.channel.${channel}`, data: body })).status, 200);
    } else {
      await redis.publish(`service.channel.${channel}`, JSON.stringify(body));
    }
    counts.set(channel, body.data.n + 1);
    await pause(2);
  }
}

async function open(t, count) {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: [ENDPOINT], extra: HISTORY });
  const clients = Array.from({ length: count }, (_, number) => new Resumer(t, server, number));
  await Promise.all(clients.map((client) => client.connect()));
  await until("all are subscribed", () => clients.every(({ answers }) => answers.length === OF_A_CLIENT));
  return { redis, server, clients };
}

const hasAll = (clients, counts) => clients.every(({ channels }) =>
  [...channels].every(([name, { numbers }]) => numbers.at(-1) === counts.get(name) - 1));

test("clients that are cut at random end with every event once and in order", async (t) => {
  const { redis, server, clients } = await open(t, 40);
  const counts = new Map();
  let publishing = true;
  const cutting = Promise.all(clients.map(async (client) => {
    while (publishing) {
      await pause(100 + Math.random() * 700);
      await client.cut(Math.random() * 1000);
    }
  }));
  await publishAll(server, redis, counts, 1000);
  publishing = false;
  await cutting;
  await until("every client has the last event of each channel", () => hasAll(clients, counts));
  for (const { channels, answers } of clients) {
    assert.deepEqual(answers.filter(({ recovered }) => recovered === false), []);
    for (const [name, { numbers }] of channels) assert.deepEqual(judge(numbers, 0, counts.get(name)), [], name);
  }
  const reconnects = clients.reduce((sum, client) => sum + client.reconnects, 0);
  assert.ok(reconnects >= 80, `${reconnects} reconnects`);
  const page = await metrics(server);
  assert.ok(page.sum("carillon_resumes_total", { outcome: "recovered" }) >= reconnects * OF_A_CLIENT - 200);
  assert.ok(page.sum("carillon_resumed_events_total") > 0, "no client was ever behind: the test shows nothing");
  assert.equal(page.sum("carillon_resumes_total", { outcome: "evicted" }), 0);
});

test("a client that was away while Redis was killed is told of the gap, once, and misses nothing else", async (t) => {
  const { redis, server, clients } = await open(t, 10);
  const counts = new Map();
  await publishAll(server, redis, counts, 100);
  await until("each has them", () => hasAll(clients, counts));
  const before = new Map(counts);
  for (const { client } of clients) client.socket.terminate();
  await redis.kill();
  await server.waitForLog("the loss", ({ message }) => message === "bus is down");
  await redis.start();
  await until("the bus is up again", async () => (await metrics(server)).sum("carillon_bus_up") === 1);
  await publishAll(server, redis, counts, 100);
  await Promise.all(clients.map((client) => client.connect()));
  const answered = () => clients.every(({ answers }) => answers.length === 2 * OF_A_CLIENT);
  await until("every subscription is answered", answered);
  await Promise.all(clients.map((client) => client.cut()));  // from the position of that answer nothing is missing
  await publishAll(server, redis, counts, 100);
  await until("each has the last events", () => hasAll(clients, counts));
  for (const { channels } of clients) {
    for (const [name, { numbers, holes }] of channels) {
      assert.deepEqual(holes, [{ at: before.get(name), reason: "gap" }], name);
      assert.deepEqual(judge(numbers.slice(0, holes[0].at), 0, before.get(name)), [], name);
      assert.deepEqual(judge(numbers.slice(holes[0].at), numbers[holes[0].at], counts.get(name)), [], name);
    }
  }
});
