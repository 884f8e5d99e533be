// Event streams whose connections are cut: what the client has at the end is every event once and in order, or it
// has been told what is missing. A small TCP proxy cuts in the middle of records.
import assert from "node:assert/strict";
import test from "node:test";

import {
  connectionCount, freePort, metrics, mintToken, openPage, pause, publish, sendThroughCuts, startCarillon, startCutter, until,
} from "./harness.mjs";

const TOKEN = mintToken({ sub: "alice" });
const CHANNELS = ["a", "b", "c"];
const ENDPOINT = {
  profile: "service",
  transports: ["sse", "ndjson"],
  "select.streams": "query:channels",
  "resume.parameter": "position",
  "sse.retry": "50ms",
  acks: "on",
  "frames.event": '{"channel":$*,"n":$body/data/n,"position":$position}',
  "commands.subscribe.reply":
    '{"type":"subscribed","channel":$channel,"position":$position,"recovered":$recovered,"reason":$reason}',
};
const HISTORY = '[[endpoint.history]]\nevents = 10000\nage = "5m"';
const EVENTS = 600;

const start = (t, { endpoint = {}, history = HISTORY, ...more } = {}) =>
  startCarillon(t, { endpoints: [{ ...ENDPOINT, ...endpoint }], extra: history, ...more });
const urlOf = (port, query = "") => `http://127.0.0.1:${port}/api/ws?token=${TOKEN}&channels=${CHANNELS}${query}`;
const sequence = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

// The numbers go up over all channels, so that the order across channels shows as well.
async function publishOne(server, n) {
  const channel = `service.channel.${CHANNELS[(n * 7) % CHANNELS.length]}`;
  assert.equal((await publish(server, { channel, data: { type: "x", data: { n } } })).status, 200);
  await pause(2);
}

async function publishAll(server, first, last) {
  for (const n of sequence(first, last)) await publishOne(server, n);
}

// Publishes EVENTS events, and more until the client has been cut often enough. Returns the last number.
const publishThroughCuts = (server, cutter) => sendThroughCuts((n) => publishOne(server, n), { cutters: [cutter], least: EVENTS });

// The records of an event stream, by the rules of the HTML standard that matter here. Only whole records count.
class Records {
  constructor() { Object.assign(this, { text: "", lastId: "", messages: [], named: [] }); }

  take(chunk) {
    this.text += chunk;
    for (let end; (end = this.text.indexOf("\n\n")) >= 0; this.text = this.text.slice(end + 2)) {
      const record = { data: [] };
      for (const line of this.text.slice(0, end).split("\n")) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === "data") record.data.push(value);
        else record[field] = value;
      }
      if (record.id !== undefined) this.lastId = record.id;
      if (record.data.length > 0) (record.event ? this.named : this.messages).push(JSON.parse(record.data.join("\n")));
    }
  }
}

// Reads one response of Node's fetch until it ends; `take` gets its text.
async function read(t, url, headers, take) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const response = await fetch(url, { headers, signal: abort.signal });
  assert.equal(response.status, 200);
  const decoder = new TextDecoder();
  const ended = (async () => {
    for await (const chunk of response.body) take(decoder.decode(chunk, { stream: true }));
  })().catch(() => {});
  return { ended, abort: () => abort.abort() };
}

test("a client of several channels that is cut again and again has every event once and in order", async (t) => {
  const server = await start(t);
  const cutter = await startCutter(t, server.port);
  const all = new Records();
  let reading = true;
  const follow = (async () => {
    while (reading) {
      all.text = "";
      const headers = { Accept: "text/event-stream", ...(all.lastId && { "Last-Event-ID": all.lastId }) };
      const stream = await read(t, urlOf(cutter.port), headers, (text) => all.take(text)).catch(() => null);
      await stream?.ended;
    }
  })();
  await until("it is there", async () => all.named.length >= CHANNELS.length);
  const published = await publishThroughCuts(server, cutter);
  await until("it has the last event", () => all.messages.at(-1)?.n === published);
  reading = false;
  for (const end of cutter.open) end();
  await follow;
  assert.deepEqual(all.messages.map(({ n }) => n), sequence(1, published));
  assert.ok(all.messages.every(({ position }) => position));
  assert.deepEqual(all.named.filter(({ recovered }) => recovered === false), []);
  const page = await metrics(server);
  assert.ok(page.sum("carillon_resumed_events_total") > 0, "it was never behind: the test shows nothing");
});

test("EventSource resumes by itself, from the id of an event and from that of a heartbeat", async (t) => {
  const page = await openPage(t, "streams.html");
  const { origin } = new URL(page.url());
  const server = await start(t, {
    endpoint: { origins: [origin], "keepalive.stream": "1s" },
    server: { listen: [`127.0.0.1:${await freePort()}`] },
  });
  const cutter = await startCutter(t, server.port);
  await page.evaluate((url) => follow(url), urlOf(cutter.port));
  await until("it is subscribed", () => page.evaluate(() => answers.length >= 3));
  const published = await publishThroughCuts(server, cutter);
  const last = () => page.evaluate(() => seen.at(-1)?.n);
  await until("it has the last event", async () => (await last()) === published);
  assert.deepEqual(await page.evaluate(() => seen.map(({ n }) => n)), sequence(1, published));
  assert.ok(await page.evaluate(() => seen.every(({ id, position }) => id === position)));

  // Nobody receives this one; the next heartbeat has its position.
  assert.equal((await publish(server, { channel: "service.channel.other", data: { type: "x", data: { n: 0 } } })).status, 200);
  await pause(2500);
  const before = await page.evaluate(() => answers.length);
  for (const end of cutter.open) end();
  await until("it is back", () => page.evaluate((count) => answers.length >= count + 3, before));
  const [again] = await page.evaluate((count) => answers.slice(count), before);
  const seenPosition = await page.evaluate(() => seen.at(-1).position);
  assert.equal(again.recovered, true);
  assert.notEqual(again.position, seenPosition, "it came back with the id of the heartbeat");
  assert.deepEqual(await page.evaluate(() => answers.filter(({ recovered }) => recovered === false)), []);
});

test("a position that is too old is reported for each channel, and what follows is sent", async (t) => {
  const server = await start(t, { history: '[[endpoint.history]]\nchannels = ["a", "b"]\nevents = 2' });
  const first = new Records();
  const stream = await read(t, urlOf(server.port), { Accept: "text/event-stream" }, (text) => first.take(text));
  await publishAll(server, 1, 30);
  await until("all are there", () => first.messages.length === 30);
  stream.abort();
  const again = new Records();
  const since = first.messages[20].position;
  await read(t, urlOf(server.port, `&position=${since}`), { Accept: "text/event-stream" }, (text) => again.take(text));
  await until("it is answered", () => again.named.length === 3);
  assert.deepEqual(again.named.map(({ channel, recovered, reason }) => [channel, recovered, reason]),
    [["a", false, "evicted"], ["b", false, "evicted"], ["c", false, "no_history"]]);
  await publishAll(server, 31, 33);
  await until("new ones follow", () => again.messages.length === 3);
  assert.deepEqual(again.messages.map(({ n }) => n), [31, 32, 33]);
});

test("a client of NDJSON resumes with the position of its last line", async (t) => {
  const server = await start(t);
  const cutter = await startCutter(t, server.port);
  const lines = [];
  let rest = "";
  const take = (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    lines.push(...parts.filter(Boolean).map((line) => JSON.parse(line)));
  };
  const events = () => lines.filter(({ n }) => n !== undefined);
  let reading = true;
  const follow = (async () => {
    while (reading) {
      rest = "";
      const position = lines.filter((line) => line.n !== undefined || line.recovered === null).at(-1)?.position;
      const url = urlOf(cutter.port, position ? `&position=${position}` : "");
      const stream = await read(t, url, { Accept: "application/x-ndjson" }, take).catch(() => null);
      await stream?.ended;
    }
  })();
  await until("it is there", async () => lines.length >= CHANNELS.length);
  const published = await publishThroughCuts(server, cutter);
  await until("it has the last event", () => events().at(-1)?.n === published);
  reading = false;
  for (const end of cutter.open) end();
  await follow;
  assert.deepEqual(events().map(({ n }) => n), sequence(1, published));
  await until("it has left", async () => (await connectionCount(server)) === 0);
});
