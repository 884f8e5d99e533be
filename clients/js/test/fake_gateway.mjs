// A gateway of the native protocol in memory: a number line, a history of each channel, and what carries frames to
// clients: a WebSocket class, and a fetch for Server-Sent Events.

// Opaque, and not in the order of the numbers, so that a client that compares positions fails.
const textOf = (n, epoch) => `1${epoch}${((n + 1) * 7919) % 10_007}.${n}`;
const numberOf = (text, epoch) => (text.startsWith(`1${epoch}`) ? Number(text.split(".")[1]) : NaN);

export class FakeGateway {
  head = 0;
  epoch = "x"; // of this life of the gateway
  floor = 0; // older positions are "evicted"
  events = []; // { n, channel, data }
  down = false; // nothing can connect
  webSocketsFail = false;
  status = 0; // of the next requests, when it is not 0
  headers = {};
  silent = false; // accepts, and sends nothing at all
  errors = {}; // channel → the error frame of its subscribe
  answers = true; // to publish and history
  opened = []; // URLs
  clients = [];
  received = []; // frames of clients

  constructor() {
    const gateway = this;
    this.WebSocket = class {
      constructor(url) {
        gateway.opened.push(new URL(url));
        queueMicrotask(() => gateway.#acceptSocket(this, new URL(url)));
      }

      send(text) {
        gateway.take(this.peer, JSON.parse(text));
      }

      close() {
        if (this.peer) gateway.drop(this.peer);
      }
    };
    this.fetch = (url, options) => this.#stream(new URL(url), options);
  }

  position(n = this.head) {
    return textOf(n, this.epoch);
  }

  // The subscribes that it has received since the last look.
  subscribes() {
    return this.received.splice(0).filter(({ type }) => type === "subscribe");
  }

  publish(channel, data) {
    this.head += 1;
    const event = { n: this.head, channel, data };
    this.events.push(event);
    for (const peer of this.clients) if (peer.channels.has(channel)) peer.event(event);
    return this.position();
  }

  heartbeat() {
    for (const peer of this.clients) peer.heartbeat(this.position());
  }

  send(frame) {
    for (const peer of this.clients) peer.frame(frame);
  }

  drop(peer) {
    this.clients = this.clients.filter((each) => each !== peer);
  }

  // Ends every connection; the client sees this close.
  cut(code = 1006, reason = "") {
    for (const peer of this.clients.splice(0)) peer.end(code, reason);
  }

  take(peer, frame) {
    this.received.push(frame);
    const { type, id, channel, channels = [channel], position, last } = frame;
    if (type === "subscribe") {
      for (const each of channels) this.#subscribe(peer, id, each, position, last);
    } else if (type === "unsubscribe") {
      for (const each of channels) peer.channels.delete(each);
    } else if (type === "publish" && this.answers) {
      this.publish(channel, frame.data);
      peer.frame({ type: "published", id });
    } else if (type === "history" && this.answers) {
      const events = this.#after(channel, frame.after ? numberOf(frame.after, this.epoch) : 0).slice(-frame.limit);
      peer.frame({ type: "history", id, channel, events: events.map((each) => this.eventFrame(each)), recovered: true, position: this.position() });
    }
  }

  #after(channel, n) {
    return this.events.filter((event) => event.channel === channel && event.n > n);
  }

  #subscribe(peer, id, channel, position, last) {
    if (this.errors[channel]) return peer.frame({ type: "error", id, ...this.errors[channel] });
    peer.channels.add(channel);
    let missed = last ? this.#after(channel, 0).slice(-last) : [];
    let [recovered, reason] = [last ? true : null, null];
    if (position) {
      const n = numberOf(position, this.epoch);
      if (!(n <= this.head)) [recovered, reason] = [false, "unknown_position"];
      else if (n < this.floor) [recovered, reason] = [false, "evicted"];
      else [recovered, missed] = [true, this.#after(channel, n)];
    }
    const begin = missed.length ? missed[0].n - 1 : this.head;
    peer.frame({ type: "subscribed", id, channel, recovered, position: this.position(begin), reason });
    for (const event of missed) peer.event(event);
    return undefined;
  }

  #acceptSocket(socket, url) {
    const refuse = (message) => {
      socket.onerror?.({ message });
      socket.onclose?.({ code: 1006, reason: "" });
    };
    if (this.down || this.webSocketsFail) return refuse("");
    if (this.status) return refuse(`Unexpected server response: ${this.status}`);
    const frame = (value) => queueMicrotask(() => socket.onmessage({ data: typeof value === "string" ? value : JSON.stringify(value) }));
    const peer = {
      url, frame, channels: new Set(),
      event: (event) => frame(this.eventFrame(event)),
      heartbeat: (position) => frame({ type: "heartbeat", position }),
      end: (code, reason) => queueMicrotask(() => socket.onclose({ code, reason })),
    };
    socket.peer = peer;
    this.accept(peer);
    return undefined;
  }

  accept(peer) {
    this.clients.push(peer);
    if (!this.silent) peer.frame({ type: "welcome", connection: `c${this.opened.length}`, position: this.position() });
  }

  eventFrame({ n, channel, data }) {
    return { channel, data, position: this.position(n) };
  }

  async #stream(url, { headers, signal }) {
    this.opened.push(url);
    if (headers.Accept !== "text/event-stream") throw new Error("not a stream");
    if (this.down) throw new Error("fetch failed");
    if (this.status) return new Response("", { status: this.status, headers: this.headers });
    let controller;
    const body = new ReadableStream({ start: (value) => void (controller = value) });
    const write = (text) => controller.enqueue(new TextEncoder().encode(text));
    const peer = {
      url, write, isStream: true, channels: new Set(),
      frame: (value) => write(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`),
      event: (event) => write(`id: ${this.position(event.n)}\ndata: ${JSON.stringify(this.eventFrame(event))}\n\n`),
      heartbeat: (position) => write(`id: ${position}\n\n`),
      end: () => controller.close(),
    };
    signal.addEventListener("abort", () => {
      this.drop(peer);
      controller.error(new Error("aborted"));
    });
    this.clients.push(peer);
    write("retry: 3000\n\n");
    this.#beginStream(peer, url.searchParams);
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  // One answer per channel, then what was missed on all of them, in order.
  #beginStream(peer, parameters) {
    const missed = [];
    const collector = { ...peer, event: (event) => missed.push(event) };
    const position = parameters.get("position") ?? undefined;
    for (const channel of parameters.get("channels").split(",")) this.#subscribe(collector, null, channel, position);
    for (const event of missed.sort((a, b) => a.n - b.n)) peer.event(event);
  }
}
