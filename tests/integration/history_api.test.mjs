// GET /v1/channels/{channel}/history against the binary.
import assert from "node:assert/strict";
import test from "node:test";

import { API_KEY, HISTORY, RESUMABLE, api, metrics, publish, startCarillon, until } from "./harness.mjs";

async function start(t, history = HISTORY) {
  // The table of a history belongs to the endpoint before it.
  const server = await startCarillon(t, { endpoints: [{ profile: "orion" }, RESUMABLE], extra: history });
  await until("ready", async () => (await api(server, "GET", "/ready")).status === 200);
  return server;
}

const publishNumbers = async (server, from, to) => {
  for (let n = from; n < to; n += 1) {
    assert.equal((await publish(server, { channel: "service.channel.a", data: { type: "x", data: { n } } })).status, 200);
  }
};
const read = (server, { query = "", channel = "a", key = API_KEY, method = "GET" }) =>
  api(server, method, `/v1/channels/${channel}/history${query}`, { headers: key ? { Authorization: `Bearer ${key}` } : {} });
const historyOf = async (server, query, channel) => {
  const { status, json } = await read(server, { query, channel });
  return { status, ...json };
};
const numbersOf = ({ events }) => events.map(({ data }) => data.data.n);

test("the last events of a channel, with their positions and times", async (t) => {
  const server = await start(t);
  await publishNumbers(server, 0, 5);
  const all = await historyOf(server);
  assert.equal(all.status, 200);
  assert.deepEqual([numbersOf(all), all.more, all.recovered, all.reason, all.endpoint, all.channel],
    [[0, 1, 2, 3, 4], false, true, null, "service", "a"]);
  assert.deepEqual(all.events[0].data, { type: "x", data: { n: 0 } }, "as it was published");
  assert.ok(Math.abs(Date.now() - all.events[4].time_ms) < 60_000);
  const last = await historyOf(server, "?limit=2");
  assert.deepEqual([numbersOf(last), last.more], [[3, 4], true]);
  assert.deepEqual(numbersOf(await historyOf(server, "?limit=2&reverse=true")), [4, 3]);
  assert.deepEqual(numbersOf(await historyOf(server, "?limit=5")), [0, 1, 2, 3, 4]);
});

test("pages after a position have each event once, up to the present", async (t) => {
  const server = await start(t);
  const begin = (await historyOf(server)).position;
  await publishNumbers(server, 0, 7);
  const pages = [];
  let page = { more: true, position: begin };
  while (page.more) {
    page = await historyOf(server, `?limit=3&after=${page.position}`);
    assert.equal(page.recovered, true);
    pages.push(numbersOf(page));
  }
  assert.deepEqual(pages, [[0, 1, 2], [3, 4, 5], [6]]);
  assert.deepEqual(numbersOf(await historyOf(server, `?after=${page.position}`)), []);
  await publishNumbers(server, 7, 8);
  assert.deepEqual(numbersOf(await historyOf(server, `?after=${page.position}`)), [7]);
});

test("a position whose events are not retained any more is told so, without a part of them", async (t) => {
  const server = await start(t, '[[endpoint.history]]\nevents = 2\nage = "5m"');
  await publishNumbers(server, 0, 1);
  const { position } = (await historyOf(server)).events[0];
  await publishNumbers(server, 1, 5);
  const old = await historyOf(server, `?after=${position}`);
  assert.deepEqual([old.status, old.events, old.recovered, old.reason], [200, [], false, "evicted"]);
  const foreign = await historyOf(server, "?after=1AAAAAAAAAAE.1");
  assert.deepEqual([foreign.events, foreign.recovered, foreign.reason], [[], false, "unknown_position"]);
  assert.deepEqual(numbersOf(await historyOf(server)), [3, 4]);
});

test("every refusal has its status, its words and its counter", async (t) => {
  const server = await start(t, '[[endpoint.history]]\nchannels = ["a*"]\nevents = 10\nage = "5m"');
  const refused = async (query, channel) => {
    const { status, message } = await historyOf(server, query, channel);
    return [status, message];
  };
  assert.deepEqual(await refused("", "b"), [404, "no endpoint has a history of this channel"]);
  assert.deepEqual(await refused("?endpoint=orion"), [404, "orion has no history of this channel"]);
  assert.deepEqual((await historyOf(server, "?endpoint=service")).status, 200);
  assert.deepEqual(await refused("?limit=0"), [400, '"limit" must be a number from 1 to 1000']);
  assert.equal((await read(server, { method: "POST" })).status, 405);
  assert.equal((await read(server, { key: null })).status, 401);
  assert.equal((await read(server, { key: "wrong-key" })).status, 401);
  const page = await metrics(server);
  const counted = (reason) => page.sum("carillon_channel_history_refusals_total", { reason });
  assert.deepEqual(["no_history", "query", "method_not_allowed", "key"].map(counted), [2, 1, 1, 2]);
  assert.equal(page.sum("carillon_channel_history_answers_total"), 1);
});
