// A client that keeps a position for each of its channels, comes back after every cut, and notes what it receives and
// what it is told to have missed. And a publisher that numbers the events of each channel.
import assert from "node:assert/strict";

import { openClient } from "./clients.mjs";
import { publish } from "./http.mjs";
import { pause } from "./process.mjs";
import { mintToken } from "./tokens.mjs";

// A profile whose subscriptions and events have positions, and a history that has room for all that a test publishes
// while a client is away.
export const RESUMABLE = {
  profile: "service",
  acks: "on",
  "source.on_gap": "close",
  "frames.event": '{"type":"event","channel":$*,"n":$body/data/n,"position":$position}',
  "commands.subscribe.position": "/data/position",
  "commands.subscribe.reply":
    '{"type":"subscribed","channel":$channel,"position":$position,"recovered":$recovered,"reason":$reason}',
};
export const HISTORY = "[[endpoint.history]]\nevents = 1000\nage = \"5m\"";

export class Resumer {
  // `channels`: the names of those that it subscribes to. It connects to `port`, which may be a proxy's.
  constructor(t, server, { channels, port = server.port }) {
    Object.assign(this, { t, url: server.ws("/api/ws", mintToken({ sub: "alice" })).replace(`:${server.port}/`, `:${port}/`) });
    Object.assign(this, { reconnects: 0, answers: [], closes: [] });
    this.channels = new Map(channels.map((channel) => [channel, { position: null, numbers: [], holes: [] }]));
  }

  async connect() {
    this.client = await openClient(this.t, this.url);
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

  // Comes back whenever its connection ends, after at most `awayMs`, until `keeps` is false.
  keepConnected(awayMs) {
    this.keeps = true;
    (async () => {
      while (this.keeps) {
        const { code } = await this.client.closed;
        if (!this.keeps) return;
        this.closes.push(code);
        await this.comeBack(awayMs);
      }
    })();
  }

  async comeBack(awayMs) {
    for (;;) {
      await pause(Math.random() * awayMs);
      this.reconnects += 1;
      const failed = await this.connect().then(() => false, () => true); // cut during the handshake
      if (!failed) return;
    }
  }

  hasAll(counts) {
    return [...this.channels].every(([name, { numbers }]) => numbers.at(-1) === counts.get(name) - 1);
  }
}

// Publishes to channels in turn, by HTTP and by Redis in turn. `counts` has the number of events of each channel.
export class Publisher {
  constructor(server, redis, channels) {
    Object.assign(this, { server, redis, channels, counts: new Map(), next: 0, unacknowledged: new Set() });
  }

  // The next event; fails when it is not acknowledged.
  async publishNext() {
    const channel = this.channels[this.next % this.channels.length];
    const round = Math.floor(this.next / this.channels.length);
    const byHttp = (this.next + round) % 2 === 0; // every channel gets events both ways
    const body = { type: "x", data: { n: this.counts.get(channel) ?? 0 } };
    this.next += 1;
    this.counts.set(channel, body.data.n + 1);
    if (byHttp) {
      assert.equal((await publish(this.server, { channel: `service.channel.${channel}`, data: body })).status, 200);
    } else {
      await this.redis.publish(`service.channel.${channel}`, JSON.stringify(body));
    }
  }

  noteFailure() {
    const channel = this.channels[(this.next - 1) % this.channels.length];
    this.unacknowledged.add(`${channel} ${this.counts.get(channel) - 1}`);
  }

  async publishAll(events, everyMs = 2) {
    for (let i = 0; i < events; i += 1) {
      await this.publishNext();
      await pause(everyMs);
    }
  }

  // At a steady rate. An event that is not acknowledged may or may not be out: `unacknowledged` has "channel number".
  async publishFor(durationMs, aSecond) {
    const begun = performance.now();
    for (let due = begun; due < begun + durationMs; due += 1000 / aSecond) {
      await pause(Math.max(0, due - performance.now()));
      await this.publishNext().catch(() => this.noteFailure());
    }
  }
}
