// The interface that tests use for a client of any library.
import { until } from "./process.mjs";

// One client: what it received, in order. `end` is { code, reason }, `refused` { status, text }.
export class RealClient {
  constructor(act) {
    this.act = act; // (word, text) sends or closes
    this.frames = []; // texts
    this.binaries = 0;
    this.isOpen = false;
    this.end = null;
    this.refused = null;
  }

  note(kind, first, second) {
    if (kind === "open") this.isOpen = true;
    else if (kind === "text") this.frames.push(first);
    else if (kind === "binary") this.binaries += 1;
    else if (kind === "refused") this.refused = { status: Number(first), text: second };
    else if (kind === "close") this.end ??= { code: Number(first), reason: second };
    else throw new Error(`a client reported ${kind}`);
  }

  // Once it is open or refused; generous, because a JVM or a browser may still be starting.
  async opened() {
    await until("open, or refused", () => this.isOpen || this.refused || this.end, { timeoutMs: 60_000 });
    return this;
  }

  send(text) {
    return this.act("send", text);
  }

  close() {
    return this.act("close");
  }

  async next(count, timeoutMs = 30_000) {
    try {
      await until(`${count} frames`, () => this.frames.length >= count, { timeoutMs });
    } catch (error) {
      throw new Error(`${error.message}; there are ${this.frames.length}, and its end is ${JSON.stringify(this.end ?? this.refused)}`);
    }
    return this.frames;
  }

  closed(timeoutMs = 30_000) {
    return until("closed", () => this.end, { timeoutMs });
  }
}
