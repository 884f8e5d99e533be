// The ledger of "never a silent gap": 500 clients whose connections a proxy harms every few seconds, and what each
// has at the end against what was published.
import assert from "node:assert/strict";
import test from "node:test";

import {
  HISTORY, Publisher, RESUMABLE, Resumer, judge, judgeWithHoles, metrics, pause, startCarillon, startFaultProxy,
  startRedis, until,
} from "../harness.mjs";

const CLIENTS = 500;
const CHANNELS = Array.from({ length: 50 }, (_, i) => `c${i}`);
const OF_A_CLIENT = 5;
const EVENTS_A_SECOND = 100;
const DURATION_MS = 5 * 60_000;
const LIFE_MS = [1000, 6000];
const AWAY_MS_MAX = 1000;
// A client that was away when the bus came back goes on from its answer: what a channel gets until then may be missing.
const EVENTS_UNTIL_BACK = (5 * EVENTS_A_SECOND) / CHANNELS.length;
const SLACK = { timeoutMs: 60_000, everyMs: 200 };

async function open(t) {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints: [RESUMABLE], extra: HISTORY });
  const proxy = await startFaultProxy(t, server.port, LIFE_MS);
  const clients = Array.from({ length: CLIENTS }, (_, number) => new Resumer(t, server, {
    port: proxy.port,
    channels: Array.from({ length: OF_A_CLIENT }, (_unused, i) => CHANNELS[(number + i * 11) % CHANNELS.length]),
  }));
  for (const client of clients) await client.connect();
  await until("all are subscribed", () => clients.every(({ answers }) => answers.length === OF_A_CLIENT), SLACK);
  for (const client of clients) client.keepConnected(AWAY_MS_MAX);
  proxy.harm();
  return { redis, server, proxy, clients, publisher: new Publisher(server, redis, CHANNELS) };
}

// Ends the harm, and waits until each client has the last event of each of its channels.
async function settle({ proxy, clients, publisher }) {
  proxy.spare();
  await publisher.publishAll(CHANNELS.length);
  const behind = () => clients.filter((client) => !client.hasAll(publisher.counts)).length;
  await until("every client has the last event of each channel", () => behind() === 0, SLACK).catch((error) => {
    throw new Error(`${error.message}: ${behind()} clients are behind`);
  });
  for (const client of clients) client.keeps = false;
}

const reconnectsOf = (clients) => clients.reduce((sum, { reconnects }) => sum + reconnects, 0);

test(`${CLIENTS} clients that are cut every few seconds have every event once and in order`, async (t) => {
  const ledger = await open(t);
  const { server, clients, publisher } = ledger;
  await publisher.publishFor(DURATION_MS, EVENTS_A_SECOND);
  await settle(ledger);
  assert.equal(publisher.unacknowledged.size, 0);
  for (const { channels, answers, closes } of clients) {
    assert.deepEqual(answers.filter(({ recovered }) => recovered === false), []);
    assert.deepEqual(closes.filter((code) => code !== 1006), [], "only the proxy ends connections");
    for (const [name, { numbers }] of channels) assert.deepEqual(judge(numbers, 0, publisher.counts.get(name)), [], name);
  }
  const page = await metrics(server);
  const resumed = page.sum("carillon_resumed_events_total");
  t.diagnostic(`${publisher.next} events, ${reconnectsOf(clients)} reconnects, ${resumed} missed events sent`);
  assert.ok(reconnectsOf(clients) > CLIENTS * 20, `${reconnectsOf(clients)} reconnects`);
  assert.ok(resumed > 0, "no client was ever behind: the test shows nothing");
  for (const outcome of ["evicted", "gap", "unknown_position", "no_history", "overloaded"]) {
    assert.equal(page.sum("carillon_resumes_total", { outcome }), 0, outcome);
  }
});

// What may have been lost of each channel around a kill: from the first event whose publication began when Redis was
// being killed, to the last one before the gateway had its bus again.
async function killRedis({ redis, server, publisher }) {
  const from = new Map(publisher.counts);
  const gaps = (await metrics(server)).sum("carillon_bus_gaps_total");
  await redis.kill();
  await pause(2000);
  await redis.start();
  await until("the gateway has noticed the gap, and its bus is up", async () => {
    const page = await metrics(server);
    return page.sum("carillon_bus_gaps_total") > gaps && page.sum("carillon_bus_up") === 1;
  }, SLACK);
  return { from, to: new Map(publisher.counts) };
}

// What is wrong with the notes of one channel: it may miss events of the windows and unacknowledged ones, and must have been told of each
// window exactly once, at the place where events may be missing.
function faultsOf(name, { numbers, holes }, windows, publisher) {
  const count = publisher.counts.get(name);
  const faults = judgeWithHoles(numbers);
  const received = new Set(numbers);
  for (let n = 0; n < count; n += 1) {
    const mayBeLost = windows.some(({ from, to }) => n >= from && n < to) || publisher.unacknowledged.has(`${name} ${n}`);
    if (!received.has(n) && !mayBeLost) faults.push(`missing ${n}`);
  }
  if (holes.length !== windows.length) faults.push(`${holes.length} gaps told, ${windows.length} expected`);
  holes.forEach(({ at, reason }, index) => {
    const { from, to } = windows[index] ?? { from: 0, to: 0 };
    const [before, after] = [numbers[at - 1] ?? -1, numbers[at] ?? count];
    if (reason !== "gap") faults.push(`the reason ${reason}`);
    if (before >= to || after < from || before < from - 1) faults.push(`told between ${before} and ${after}, lost from ${from} to ${to}`);
  });
  return faults;
}

test("the same while Redis is killed twice: each channel of each client is told of both gaps, and of nothing else", async (t) => {
  const ledger = await open(t);
  const { clients, publisher } = ledger;
  const publishing = publisher.publishFor(DURATION_MS, EVENTS_A_SECOND);
  const windows = [];
  for (let kill = 0; kill < 2; kill += 1) {
    await pause(DURATION_MS / 4);
    windows.push(await killRedis(ledger));
  }
  await publishing;
  await settle(ledger);
  for (const { channels } of clients) {
    for (const [name, notes] of channels) {
      const own = windows.map(({ from, to }) => ({ from: from.get(name) - 1, to: to.get(name) + EVENTS_UNTIL_BACK }));
      assert.deepEqual(faultsOf(name, notes, own, publisher), [], name);
    }
  }
  t.diagnostic(`${publisher.next} events, ${publisher.unacknowledged.size} not acknowledged, ${reconnectsOf(clients)} reconnects`);
});
