// The golden vectors of protocol/vectors/ against the real binary and a real Redis. The README there explains
// their format; the unit tests run the same vectors on simulated time.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { startCarillon } from "./carillon.mjs";
import { api } from "./http.mjs";
import { METRIC, metrics } from "./metrics.mjs";
import { ROOT, pause, until, within } from "./process.mjs";
import { startRedis } from "./redis.mjs";
import { WireClient } from "./wire_client.mjs";
import {
  assertText, messageBytes, milliseconds, requestBytes, tokenOf, wireText, wordsWanted,
} from "./wire_request.mjs";

const FOLDER = path.join(ROOT, "protocol/vectors");
const LONG_MS = 5000;
const PATIENCE_MS = 20_000;
const BURST = 50; // events between two checks that every client keeps up

// Those whose waits are longer than LONG_MS together, or those whose are not.
export function readVectors({ long }) {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json")).sort();
  const all = files.flatMap((name) => {
    const { endpoints, server, vectors } = JSON.parse(readFileSync(path.join(FOLDER, name), "utf8"));
    return vectors.map((vector) => ({ endpoints, server: server ?? [], ...vector }));
  });
  assert.ok(all.length > 0, `no vectors in ${FOLDER}`);
  const waits = ({ steps }) => steps.reduce((sum, { wait }) => sum + (wait ? milliseconds(wait) : 0), 0);
  return all.filter((vector) => vector.run !== "engine" && waits(vector) > LONG_MS === long);
}

export async function runVector(t, vector) {
  const redis = await startRedis(t);
  const listen = vector.server.some((line) => line.startsWith("listen")) ? [] : ['listen = ["127.0.0.1:0"]'];
  const drains = vector.steps.some((step) => step.drain); // time for what is refused meanwhile
  const server = await startCarillon(t, { text: [
    "[server]", ...listen, `drain = "${drains ? "8s" : "10ms"}"`, `drain_rate = ${drains ? 1 : 1000}`, "shards = 1", ...vector.server, `[bus]\nurl = "${redis.url}"`, ...vector.endpoints,
    // What is published on it comes behind everything that was published before.
    '[[endpoint]]\nprofile = "orion"\nname = "sentinel"\npath = "/sentinel"\nauth.mode = "none"\nsource.channels = ["sentinel.*"]',
  ].join("\n") });
  const run = new WireRun(t, server, redis);
  try {
    await run.all(vector.steps);
  } finally {
    run.sockets.forEach((socket) => socket.destroy());
  }
}

class WireRun {
  constructor(t, server, redis) {
    Object.assign(this, { t, server, redis, clients: new Map(), bound: {}, logsSeen: 0, secrets: [], sockets: [], looks: 0 });
  }

  async all(steps) {
    await this.begin();
    for (const [index, step] of steps.entries()) {
      try {
        await this.carryOut(step);
      } catch (error) {
        error.message = `step ${index + 1}, ${JSON.stringify(step).slice(0, 300)}: ${error.message}`;
        throw error;
      }
    }
    await this.finish();
  }

  async begin() {
    const sentinel = new WireClient({ port: this.server.port, pongs: true });
    this.sockets.push(sentinel.socket);
    assert.equal((await sentinel.ask(requestBytes({ target: "/sentinel" }, ""))).status, 101);
    this.sentinel = sentinel;
  }

  async carryOut(step) {
    const [verb] = Object.keys(step);
    const act = VERBS[verb];
    if (!act) throw new Error("no such step");
    const look = verb === "expect" && step.frames.length > 0;
    if (verb !== "wait" && !look) await this.untilDue();
    await act.call(this, step);
  }

  // Every published event has arrived at every client that reads.
  async barrier() {
    if (this.draining) return;
    const body = await this.untilRouted();
    for (const client of this.clients.values()) {
      if (!client.ended && !client.socket.isPaused()) await client.caughtUp(`look ${body}`);
    }
  }

  // The gateway has every published event: Redis acknowledges them earlier.
  async untilRouted() {
    this.looks += 1;
    const body = `${this.looks}`;
    await this.redis.publish("sentinel.look", body);
    await until("the sentinel's event", () => this.sentinel.frames.some(({ words }) => words.includes(`"payload":${body},`)), { everyMs: 2 });
    this.sentinel.frames = [];
    this.hasUnrouted = false;
    return body;
  }

  async finish() {
    await this.untilDue();
    await this.barrier();
    for (const [name, client] of this.clients) {
      assert.deepEqual(client.frames.map(({ words }) => words), [], `${name} got also`);
    }
    if (this.draining) assert.equal((await within("carillon is gone", PATIENCE_MS, this.server.exited)).code, 0);
    this.neverLogged();
  }

  // Waits are kept in mind, and only served before a step that must not come early. What is looked for
  // after one has three times as long.
  wait({ wait }) {
    this.due ??= performance.now();
    this.deadline = this.due + 3 * milliseconds(wait);
    this.due += milliseconds(wait);
  }

  async untilDue() {
    if (this.due === undefined) return;
    await pause(Math.max(0, this.due - performance.now() + 1));
    this.due = undefined;
    this.deadline = undefined;
  }

  async connect(step) {
    if (this.hasUnrouted && !this.draining) await this.untilRouted();
    for (let index = 1; index <= (step.times ?? 1); index += 1) {
      const listen = this.server.listen[step.listener ?? 0];
      const client = new WireClient({ port: Number(listen.split(":").pop()), from: step.from ?? "127.0.0.1", pongs: step.pongs });
      this.sockets.push(client.socket);
      this.token = tokenOf(step);
      const answer = await client.ask(requestBytes(step, this.token));
      if (step.refused) {
        client.socket.destroy();
        this.checkRefusal(answer, step.refused);
      } else {
        assert.equal(answer.status, 101, answer.body);
        this.clients.set(step.times ? `${step.connect}${index}` : step.connect, client);
      }
    }
  }

  checkRefusal(answer, { status, headers = {}, body }) {
    assert.ok([status].flat().includes(answer.status), `${answer.status} ${answer.body}`);
    assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
    assert.match(answer.headers.connection ?? "", /close$/);
    assert.equal(answer.end, "fin", "it must be closed cleanly");
    for (const [name, value] of Object.entries(headers)) {
      const got = answer.headers[name.toLowerCase()];
      if (value === "$any") assert.ok(got, name);
      else assert.equal(got ?? null, value, name);
    }
    if (body === undefined) JSON.parse(answer.body);
    else assertText(answer.body, wireText(body), { bound: this.bound });
  }

  async publish({ publish, body, body_hex: hex, count = 1 }) {
    const text = body === undefined ? null : wireText(body).replaceAll("$fill", "x".repeat(4000));
    const bodies = Array.from({ length: count }, (_, n) => (text === null ? Buffer.from(hex, "hex") : text.replaceAll("$n", n + 1)));
    for (let from = 0; from < count; from += BURST) {
      await this.redis.publish(publish, ...bodies.slice(from, from + BURST));
      this.hasUnrouted = true;
      if (count > BURST) await this.barrier();
    }
  }

  async expect({ expect, frames }) {
    const client = this.client(expect);
    const wanted = frames.flatMap((frame) => (frame === "..." ? ["..."]
      : Array.from({ length: frame.count ?? 1 }, (_, n) => wordsWanted(frame).replaceAll("$n", n + 1))));
    if (wanted.length === 0) {
      await this.barrier();
      assert.deepEqual(client.frames.map(({ words }) => words), [], "there came");
      return;
    }
    const timeoutMs = Math.max(PATIENCE_MS, (this.deadline ?? 0) - performance.now());
    const least = wanted.filter((words) => words !== "...").length;
    const isLast = (words) => words.split(" ")[0] === wanted.at(-1).split(" ")[0] && !words.startsWith("text");
    await until(`${expect}: ${wanted.at(-1).slice(0, 200)} (it has ${JSON.stringify(client.frames.map(({ words }) => words.slice(0, 200)).slice(-5))})`,
      () => (wanted.includes("...") ? client.frames.some(({ words }) => isLast(words)) : client.frames.length >= least),
      { timeoutMs, everyMs: 5 });
    await this.match(client, expect, wanted);
  }

  async match(client, name, wanted) {
    let skip = false;
    for (const words of wanted) {
      if (words === "...") {
        skip = true;
        continue;
      }
      while (skip && client.frames[0]?.words.startsWith("text ")) client.frames.shift();
      skip = false;
      const frame = client.frames.shift();
      if (this.due !== undefined && frame) {
        console.log(`  ${this.t.name.split(":")[0]}: ${name}: ${frame.words.slice(0, 40)} after ${((frame.at - client.openedAt) / 1000).toFixed(2)} s`);
      }
      assertText(frame?.words ?? "nothing", words, { wall: frame?.wall, bound: this.bound, what: name });
      if (words.startsWith("close")) await until("the end behind the close frame", () => client.ended);
    }
  }

  send(step) {
    const client = this.client(step.send);
    for (let n = 0; n < (step.count ?? 1); n += 1) client.write(messageBytes(step));
  }

  async connections({ connections }) {
    for (const [endpoint, count] of Object.entries(connections)) {
      let got;
      await until(`${count} connections of ${endpoint}`, async () => {
        got = (await metrics(this.server)).sum(METRIC.connections, { endpoint });
        return got === count;
      }, { timeoutMs: PATIENCE_MS }).catch((error) => { throw new Error(`${error.message}, but ${got}`); });
    }
  }

  drop({ drop }) {
    this.client(drop).socket.resetAndDestroy();
    this.clients.delete(drop);
  }

  stopReading({ stop_reading: name }) {
    this.client(name).socket.pause();
  }

  read({ read }) {
    this.client(read).socket.resume();
  }

  async drain() {
    this.draining = true;
    this.server.signal("SIGTERM");
    await until("/ready 503", async () => (await api(this.server, "GET", "/ready")).status === 503);
  }

  async http({ http, headers, body, answer: wanted }) {
    const [method, target] = http.split(" ");
    const answer = await api(this.server, method, target, { headers, body: body === undefined ? undefined : wireText(body) });
    assert.equal(answer.status, wanted.status, answer.text);
    assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
    if (wanted.body !== undefined) assertText(answer.text, wireText(wanted.body), { bound: this.bound });
    for (const [name, value] of Object.entries(wanted.json ?? {})) assert.deepEqual(answer.json[name], value, name);
  }

  async real({ real }) {
    for (const step of real) await this.carryOut(step);
  }

  async log({ log: { message, ...fields } }) {
    const line = await until(`the log line ${message}`, () => {
      const at = this.server.logs.findIndex((log, index) => index >= this.logsSeen && log.message === message);
      if (at < 0) return null;
      this.logsSeen = at + 1;
      return this.server.logs[at];
    });
    for (const [name, value] of Object.entries(fields)) {
      if (value === "$any") assert.ok(line[name], `${name} of ${JSON.stringify(line)}`);
      else assert.deepEqual(line[name], value, `${name} of ${JSON.stringify(line)}`);
    }
    if ("timestamp" in fields) assert.deepEqual(Object.keys(line).sort(), ["message", ...Object.keys(fields)].sort());
  }

  // Now, and again at the end.
  neverLogged(step) {
    if (step) this.secrets.push(step.never_logged.replaceAll("$token", this.token));
    for (const secret of this.secrets) assert.ok(!this.server.process.text().includes(secret), "it is in the log");
  }

  client(name) {
    const client = this.clients.get(name);
    if (!client) throw new Error(`there is no client ${name}`);
    return client;
  }
}

const VERBS = Object.fromEntries(
  ["connect", "publish", "expect", "send", "wait", "connections", "drop", "read", "drain", "http", "real", "log"]
    .map((name) => [name, WireRun.prototype[name]]));
VERBS.stop_reading = WireRun.prototype.stopReading;
VERBS.never_logged = WireRun.prototype.neverLogged;
