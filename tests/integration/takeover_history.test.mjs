// The history survives a takeover: clients of the process before resume in the new one what they missed meanwhile.
import assert from "node:assert/strict";
import test from "node:test";

import { HISTORY, Publisher, RESUMABLE, Resumer, judge, startRedis, startReloadable, startTakeover, until, within } from "./harness.mjs";

const CHANNELS = Array.from({ length: 10 }, (_, i) => `c${i}`);
const TAKEN_OVER = "the history was taken over";
const NOT_TAKEN_OVER = "the history was not taken over: clients cannot resume what they received before";

const endpoint = (changed = {}) => `[[endpoint]]\n${Object.entries({ ...RESUMABLE, ...changed })
  .map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n")}\n${HISTORY}`;

async function open(t, count, first = {}) {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url, extra: endpoint(), ...first });
  const clients = Array.from({ length: count }, (_, number) => new Resumer(t, server, {
    channels: Array.from({ length: 5 }, (_unused, i) => CHANNELS[(number + i * 3) % CHANNELS.length]),
  }));
  await Promise.all(clients.map((client) => client.connect()));
  await until("all are subscribed", () => clients.every(({ answers }) => answers.length === 5));
  return { redis, server, clients, publisher: new Publisher(server, redis, CHANNELS) };
}

const allHave = (clients, counts) => clients.every((client) => client.hasAll(counts));
const notRecovered = (clients) => clients.flatMap(({ answers }) => answers.filter(({ recovered }) => recovered === false));

test("clients that resume across three takeovers end with every event once and in order", async (t) => {
  const { server, clients, publisher } = await open(t, 20);
  const { counts } = publisher;
  let running = true;
  const publishing = (async () => {
    while (running) await publisher.publishAll(10);
  })();
  await until("events flow", () => counts.get("c9") > 20);
  for (const client of clients) client.keepConnected(300);
  let current = server;
  for (const shards of [3, 1, 2]) {
    server.write({ shards });
    const next = await startTakeover(t, current);
    assert.equal((await within("the old process has ended", 10_000, current.exited)).code, 0);
    assert.equal(next.logs.filter(({ message }) => message === TAKEN_OVER).length, 1, JSON.stringify(next.logs));
    current = next;
    await until("all are back", () => clients.every(({ client, reconnects }) => reconnects > 0 && client.socket.readyState === 1));
  }
  running = false;
  await publishing;
  await until("every client has the last event of each channel", () => allHave(clients, counts), { timeoutMs: 20_000 });
  for (const client of clients) client.keeps = false;
  assert.deepEqual(notRecovered(clients), []);
  for (const { channels } of clients) {
    for (const [name, { numbers }] of channels) assert.deepEqual(judge(numbers, 0, counts.get(name)), [], name);
  }
  assert.ok(Math.min(...clients.map(({ reconnects }) => reconnects)) >= 3);
});

test("what was published before the new process started, and was missed, is sent by it", async (t) => {
  const { server, clients, publisher } = await open(t, 4);
  const { counts } = publisher;
  await publisher.publishAll(50);
  await until("each has them", () => allHave(clients, counts));
  for (const { client } of clients) client.socket.terminate();
  await publisher.publishAll(200);
  await startTakeover(t, server);
  await Promise.all(clients.map((client) => client.connect()));
  await until("each has the last events", () => allHave(clients, counts));
  assert.deepEqual(notRecovered(clients), []);
  for (const { channels } of clients) {
    for (const [name, { numbers }] of channels) assert.deepEqual(judge(numbers, 0, counts.get(name)), [], name);
  }
});

test("a gap of the bus after a takeover is told", async (t) => {
  const { redis, server, clients, publisher } = await open(t, 4);
  const { counts } = publisher;
  await publisher.publishAll(50);
  await until("each has them", () => allHave(clients, counts));
  for (const { client } of clients) client.socket.terminate();
  const next = await startTakeover(t, server);
  await redis.kill();
  await next.waitForLog("the loss", ({ message }) => message === "bus is down");
  await redis.start();
  await next.waitForLog("the gap", ({ message }) => message.startsWith("bus gap"));
  await Promise.all(clients.map((client) => client.connect()));
  await until("all are answered", () => clients.every(({ answers }) => answers.length === 10));
  assert.deepEqual(new Set(notRecovered(clients).map(({ reason }) => reason)), new Set(["gap"]));
  assert.equal(notRecovered(clients).length, 20);
});

for (const [what, changed, reason] of [
  ["other channels", { extra: `${endpoint()}\n[[endpoint]]\nprofile = "grimnir"` }, "gap"],
  ["a history of other channels", { extra: endpoint().replace("events =", 'channels = ["c*"]\nevents =') }, "gap"],
]) {
  test(`a new process with ${what} says that events may be missing`, async (t) => {
    const { server, clients, publisher } = await open(t, 2);
    const { counts } = publisher;
    await publisher.publishAll(50);
    await until("each has them", () => allHave(clients, counts));
    for (const { client } of clients) client.socket.terminate();
    await publisher.publishAll(10);
    server.write(changed);
    await startTakeover(t, server);
    await Promise.all(clients.map((client) => client.connect()));
    await until("all are answered", () => clients.every(({ answers }) => answers.length === 10));
    assert.deepEqual(notRecovered(clients).map((answer) => answer.reason), Array.from({ length: 10 }, () => reason));
  });
}

test("a new process to which the marker cannot come serves without the history, and says so", async (t) => {
  const { server, clients, publisher } = await open(t, 2);
  const { counts } = publisher;
  await publisher.publishAll(50);
  await until("each has them", () => allHave(clients, counts));
  for (const { client } of clients) client.socket.terminate();
  const other = await startRedis(t);
  server.write({ bus: other.url });
  const next = await startTakeover(t, server);
  assert.equal(next.logs.find(({ message }) => message === NOT_TAKEN_OVER)?.reason, "the marker did not come");
  await Promise.all(clients.map((client) => client.connect()));
  await until("all are answered", () => clients.every(({ answers }) => answers.length === 10));
  assert.equal(notRecovered(clients).length, 10);
});
