// README.md says how to use it and how it works.

const ANSWER_MS = 10_000;
const SILENCE_MS = 60_000;
const STABLE_MS = 5000; // then the back-off starts anew
const DELAY_MS = 100;
const DELAY_MS_MAX = 5000;
const AFTER_MS_MAX = 300_000;
const PENDING_MAX = 1000;
const SEEN_MAX = 1024;
const CHANNELS_MAX = 32; // per message
const MESSAGE_BYTES_MAX = 65_536;
const RECORD_MAX = 1 << 24;

const failure = (code, message, more) => Object.assign(new Error(message), { code, ...more });
const closed = () => failure("closed", "the client is closed");
const bytes = (text) => new TextEncoder().encode(text).length;
const isText = (value) => value && typeof value === "string";

export class Carillon {
  state = { name: "idle" };
  #url;
  #options;
  #listeners = new Set();
  #channels = new Map();
  #dropped = new Set();
  #pending = new Map();
  #seen = new Set();
  #id = 0;
  #link; // frames and closes of an earlier one are ignored
  #timer;
  #isQueued;
  #attempt = 0;
  #failures = 0; // WebSockets in a row that did not open
  #refused; // the token that the server refused
  #common; // a position no newer than that of any `covered` channel

  constructor(url, options) {
    this.#url = new URL(url, globalThis.location?.href);
    this.#options = { WebSocket: globalThis.WebSocket, fetch: globalThis.fetch, ...options };
    if (!/^(ws|http)s?:/.test(this.#url.protocol)) throw new TypeError("use a ws:// or wss:// URL");
    if (!this.#options.WebSocket && this.#options.sse === false) throw new TypeError("pass the option WebSocket");
  }

  subscribe(name, handler, { last, position, onGap, onRecovered } = {}) {
    if (this.state.name === "closed") throw closed();
    if (!isText(name) || bytes(name) > 255) throw new TypeError("a channel has 1 to 255 bytes");
    let channel = this.#channels.get(name);
    if (!channel) {
      // And: request, its id on this connection; live, it was answered; event, the last one's position;
      // skip, events up to this one are known; lost, why the stream lacks some.
      channel = { name, position, last: position ? undefined : last, covered: !last && !position, subs: new Set() };
      this.#channels.set(name, channel);
    } else if (last || position) throw new TypeError("last and position are for the first subscription of a channel");
    const sub = { handler, onGap, onRecovered };
    channel.subs.add(sub);
    this.#schedule();
    return {
      channel: name,
      get position() {
        return channel.position;
      },
      unsubscribe: () => {
        channel.subs.delete(sub);
        if (channel.subs.size || this.#channels.get(name) !== channel) return;
        this.#channels.delete(name);
        if (channel.request) this.#dropped.add(name);
        this.#schedule();
      },
    };
  }

  get #all() {
    return [...this.#channels.values()];
  }

  publish(channel, data) {
    return this.#request({ type: "publish", channel, data });
  }

  history(channel, { limit, after } = {}) {
    return this.#request({ type: "history", channel, limit, after });
  }

  on(name, listener) {
    const sub = { [name]: listener };
    this.#listeners.add(sub);
    return () => this.#listeners.delete(sub);
  }

  close(details) {
    if (this.state.name === "closed") return;
    this.#end();
    this.#channels.clear();
    for (const id of [...this.#pending.keys()]) this.#settle(id, closed());
    this.#set("closed", details);
  }

  #tell(subs, name, value) {
    for (const sub of [...subs]) {
      try {
        if (subs.has(sub)) sub[name]?.(value);
      } catch (cause) {
        if (name === "error") console.error(cause);
        else this.#error("callback", "a callback threw", { cause });
      }
    }
  }

  #error(code, message, more) {
    const error = failure(code, message, more);
    if ([...this.#listeners].some((each) => each.error)) this.#tell(this.#listeners, "error", error);
    else console.error(error);
  }

  #set(name, details) {
    this.state = { name, ...details };
    this.#tell(this.#listeners, "state", this.state);
  }

  #gap({ channel = null, count = null, before = null, after = null, reason = null }) {
    const gap = { channel, count, before, after, reason };
    this.#tell(this.#listeners, "gap", gap);
    for (const { name, live, subs } of this.#all) {
      if (channel === null ? live : channel === name) this.#tell(subs, "onGap", { ...gap, channel: name });
    }
  }

  #request(frame) {
    return new Promise((resolve, reject) => {
      const id = ++this.#id;
      const text = JSON.stringify({ ...frame, id });
      if (this.state.name === "closed") throw closed();
      if (bytes(text) > MESSAGE_BYTES_MAX) throw failure("too_large", "over 64 KiB");
      if (this.#pending.size >= PENDING_MAX) throw failure("overloaded", "too many requests wait");
      const timer = setTimeout(() => this.#settle(id, failure("timeout", "no answer")), ANSWER_MS);
      this.#pending.set(id, { text, resolve, reject, timer });
      this.#schedule();
    });
  }

  #settle(id, error, answer) {
    const request = this.#pending.get(id);
    if (!request) return;
    this.#pending.delete(id);
    clearTimeout(request.timer);
    error ? request.reject(error) : request.resolve(answer);
    return true;
  }

  // One flush for all calls of a turn.
  #schedule() {
    if (this.#isQueued) return;
    this.#isQueued = true;
    const flush = () => {
      this.#isQueued = false;
      if (this.state.name === "idle") this.#connect();
      else this.#flush();
    };
    if (this.#link?.isStream) setTimeout(flush, DELAY_MS);
    else queueMicrotask(flush);
  }

  #flush() {
    if (this.state.name !== "open") return;
    if (!this.#link.isStream) return this.#flushSocket(this.#link);
    for (const id of [...this.#pending.keys()]) this.#settle(id, failure("sse", "Server-Sent Events only receive"));
    if (!this.#dropped.size && this.#all.every(({ request }) => request)) return;
    this.#end();
    this.#failures = 2;
    this.#connect();
  }

  #flushSocket(link) {
    const send = (type, names, more) => {
      const id = ++this.#id;
      link.send(JSON.stringify({ type, id, ...(names[1] ? { channels: names } : { channel: names[0] }), ...more }));
      return id;
    };
    const dropped = [...this.#dropped];
    this.#dropped.clear();
    while (dropped.length) send("unsubscribe", dropped.splice(0, CHANNELS_MAX));
    const groups = {};
    for (const channel of this.#all) {
      const { request, position, last } = channel;
      if (!request) (groups[JSON.stringify({ position, last })] ??= []).push(channel);
    }
    for (const [start, channels] of Object.entries(groups)) {
      while (channels.length) {
        const some = channels.splice(0, CHANNELS_MAX);
        const request = send("subscribe", some.map(({ name }) => name), JSON.parse(start));
        for (const channel of some) Object.assign(channel, { request, skip: undefined, lost: undefined });
      }
    }
    for (const request of this.#pending.values()) {
      if (!request.isSent) link.send(request.text);
      request.isSent = true;
    }
  }

  async #connect() {
    if (!this.#channels.size && !this.#pending.size) return this.state.name === "idle" || this.#set("idle");
    const { token, WebSocket, sse } = this.#options;
    const isStream = sse !== false && (!WebSocket || this.#failures >= 2);
    const link = { isStream, transport: isStream ? "sse" : "websocket" };
    this.#link = link;
    this.#timer = setTimeout(() => this.#lost(link, 0, "timeout"), ANSWER_MS);
    this.#set("connecting", { attempt: this.#attempt, transport: link.transport });
    try {
      link.token = await (typeof token === "function" ? token() : token);
      if (link !== this.#link) return;
      if (this.#refused && this.#refused.token === link.token) return this.close(this.#refused.details);
      link.isTried = true;
      const url = new URL(this.#url);
      url.protocol = url.protocol.replace(/ws|http/, isStream ? "http" : "ws");
      if (link.token) url.searchParams.set("token", link.token);
      if (isStream) await this.#openStream(link, url);
      else this.#openSocket(link, new WebSocket(url.href));
    } catch (cause) {
      if (link === this.#link && !link.isTried) this.#error("token", "the token callback failed", { cause });
      this.#lost(link, 0, cause?.message);
    }
  }

  #openSocket(link, socket) {
    link.send = (text) => socket.send(text);
    link.close = () => socket.close();
    socket.onmessage = ({ data }) => this.#frame(link, data);
    // Only npm's ws shows the status.
    socket.onerror = (event) => (link.status = +/response: (\d+)/.exec(event?.message)?.[1]);
    socket.onclose = ({ code, reason }) => this.#lost(link, link.status || code, reason);
  }

  #opened(link, { connection }) {
    link.openedAt = link.heard = performance.now();
    this.#refused = undefined;
    clearTimeout(this.#timer);
    this.#watch(link);
    this.#set("open", { transport: link.transport, connection, degraded: null });
    if (link === this.#link) this.#flush();
  }

  #watch(link) {
    const left = link.heard + SILENCE_MS - performance.now();
    if (left > 0) this.#timer = setTimeout(() => this.#watch(link), left);
    else this.#lost(link, 0, "silence");
  }

  #end() {
    const link = this.#link;
    this.#link = undefined;
    clearTimeout(this.#timer);
    clearTimeout(link?.retry);
    this.#dropped.clear();
    if (link?.id) this.#cover(link.id);
    for (const channel of this.#all) channel.live = channel.request = undefined;
    for (const [id, { isSent }] of [...this.#pending]) {
      if (isSent) this.#settle(id, failure("connection_lost", "the connection ended before the answer"));
    }
    link?.close?.();
  }

  #lost(link, code, reason, after = link.after) {
    if (link !== this.#link) return;
    this.#end();
    const { openedAt, isStream, isTried, token } = link;
    // After a stream WebSocket is tried again, once if the stream was open.
    if (isStream || openedAt) this.#failures = isStream && openedAt ? 1 : 0;
    else if (isTried) this.#failures += 1;
    if (performance.now() - openedAt >= STABLE_MS) this.#attempt = 0;
    const details = { code, reason };
    if ([401, 403, 4001].includes(code)) {
      this.#refused = { token, details };
      if (typeof this.#options.token !== "function") return this.close(details);
    }
    const most = Math.min(DELAY_MS_MAX, DELAY_MS * 2 ** this.#attempt++);
    const delay = Math.min(Math.max(after, 0) || 0, AFTER_MS_MAX) + Math.random() * most;
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#set("waiting", { ...details, delay, attempt: this.#attempt });
  }

  #frame(link, text, type) {
    if (link !== this.#link) return;
    link.heard = performance.now();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {} // below
    if (typeof frame !== "object" || !frame) return this.#error("invalid_frame", String(text).slice(0, 99));
    const { id, position, reason } = frame;
    type = frame.type ?? type;
    if (type === "welcome") {
      if (isText(position) && this.#all.every((each) => !each.position)) this.#common = position;
      if (!link.openedAt) this.#opened(link, frame);
    } else if (!link.openedAt) return;
    else if (type === undefined) this.#event(frame);
    else if (type === "subscribed") this.#subscribed(link, frame);
    else if (type === "heartbeat") isText(position) && this.#cover(position);
    else if (type === "published" || type === "history") this.#settle(id, null, frame);
    else if (type === "gap") this.#gap(frame);
    else if (type === "degraded" || type === "restored") this.#set("open", { ...this.state, degraded: reason ?? null });
    else if (type === "reconnect") link.after = +frame.after_ms;
    else if (type === "error") this.#refusal(link, frame);
  }

  #event({ channel: name, data, position }) {
    const channel = this.#channels.get(name);
    if (!channel?.live) return;
    if (isText(position)) {
      const key = position + name;
      const isKnown = channel.skip || this.#seen.has(key);
      if (channel.skip === position) channel.skip = undefined;
      if (isKnown) return;
      this.#seen.add(key);
      if (this.#seen.size > SEEN_MAX) this.#seen.delete(this.#seen.values().next().value);
      channel.position = channel.event = position;
    }
    this.#tell(channel.subs, "handler", { channel: name, data, position });
  }

  #subscribed({ isStream }, { id, channel: name, recovered, reason, position }) {
    const channel = this.#channels.get(name);
    if (!channel?.request || (!isStream && channel.request !== id)) return;
    const { position: before, lost } = channel;
    const isGap = recovered === false;
    if (!recovered) channel.skip = undefined;
    channel.live = true;
    channel.last = channel.lost = undefined;
    if (isText(position) && !channel.skip) channel.position = position;
    if (isStream) this.#common ??= channel.position;
    if (isGap || lost) this.#gap({ channel: name, before, after: position, reason: isGap ? reason : lost });
    else if (recovered) this.#tell(channel.subs, "onRecovered", { channel: name, position });
  }

  // All events up to the position have come, on the channels that are live.
  #cover(position) {
    this.#common = position;
    for (const channel of this.#all) {
      if (channel.live && !channel.skip) channel.position = position;
      channel.covered = channel.live || !channel.position;
    }
  }

  #refusal(link, { id, code, message, channel }) {
    if (this.#settle(id, failure(code, message))) return;
    const refused = this.#all.filter(({ name, live, request }) =>
      id && request === id && !live && name === (channel ?? name));
    if (code === "rate_limited") {
      for (const each of refused) each.request = undefined;
      clearTimeout(link.retry);
      link.retry = setTimeout(() => this.#flush(), 1000 + Math.random() * 1000);
    }
    this.#error(code, message, { channels: refused.map(({ name }) => name) });
  }

  // A stream has one position for all channels: those that are further skip what they know.
  async #openStream(link, url) {
    const { fetch } = this.#options;
    const channels = this.#all;
    const [first, ...others] = new Set(channels.map(({ position }) => position));
    const from = others.length ? this.#common : first;
    for (const channel of channels) {
      const { position, covered, event, last } = channel;
      const isFurther = position && position !== from;
      const isLost = last || (isFurther && !(covered && from));
      channel.request = true;
      channel.lost = isLost && "sse";
      channel.skip = isFurther && !isLost && position === event ? event : undefined;
    }
    url.searchParams.set("channels", channels.map(({ name }) => name).join());
    if (from) url.searchParams.set("position", from);
    const controller = new AbortController();
    link.close = () => controller.abort();
    const { status, headers, body } = await fetch(url.href, {
      headers: { Accept: "text/event-stream" }, cache: "no-store", signal: controller.signal,
    });
    if (status !== 200 || !/^text\/event-stream/.test(headers.get("content-type"))) {
      return this.#lost(link, status, "HTTP", headers.get("retry-after") * 1000);
    }
    if (link === this.#link) this.#opened(link, {});
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let record = {};
    while (link === this.#link) {
      const { done, value } = await reader.read();
      if (done) return this.#lost(link, 0, "end");
      const lines = (text + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      text = lines.pop();
      if (text.length + (record.data?.length ?? 0) > RECORD_MAX) throw new Error("too long");
      for (const line of lines) record = this.#line(link, record, line);
    }
  }

  #line(link, record, line) {
    link.heard = performance.now();
    if (line) {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (field === "data" && record.data) record.data += `\n${value}`;
      else if (/^(data|id|event)$/.test(field)) record[field] = value;
      else if (field === "retry") {
        // Only the second one announces a shutdown.
        link.after = link.hasRetry && +value;
        link.hasRetry = true;
      }
      return record;
    }
    if (record.data) this.#frame(link, record.data, record.event);
    if (record.id) link.id = record.id;
    return {};
  }
}
