// A client of the golden vectors: sends exactly the given bytes and records what arrives, with times.
import net from "node:net";

import { parseResponse } from "./http.mjs";
import { OPCODE, clientFrame, takeFrames } from "./raw_socket.mjs";
import { within } from "./process.mjs";

// A frame's words, as the engine's tests have them: "text hello", "ping", "close 1008 Slow consumer".
function wordsOf({ opcode, payload }) {
  const name = Object.keys(OPCODE).find((key) => OPCODE[key] === opcode) ?? `opcode ${opcode}`;
  if (name !== "close" || payload.length < 2) return payload.length ? `${name} ${payload}` : name;
  const reason = payload.subarray(2).toString();
  return `close ${payload.readUInt16BE(0)}${reason && ` ${reason}`}`;
}

export class WireClient {
  constructor({ port, from, pongs }) {
    this.frames = []; // { words, at (performance), wall }; "end" is the end without a close frame
    this.ended = null; // "fin" or "reset"
    this.pongs = pongs;
    this.upgraded = false;
    this.toldClose = false;
    this.buffered = Buffer.alloc(0);
    this.socket = net.connect({ port, host: "127.0.0.1", localAddress: from, allowHalfOpen: true });
    this.socket.setNoDelay(true);
  }

  // Sends the request; resolves to the answer: at once for a 101, else when the server has closed.
  ask(bytes) {
    const answer = new Promise((resolve) => {
      const end = (how) => {
        this.socket.end();
        if (this.ended) return;
        this.ended = how;
        if (!this.upgraded) return resolve({ ...parseResponse(this.buffered), end: how });
        if (!this.toldClose) this.note("end");
      };
      this.socket.on("end", () => end("fin"));
      this.socket.on("error", () => end("reset"));
      this.socket.on("close", () => end("reset"));
      this.socket.on("data", (chunk) => {
        this.buffered = Buffer.concat([this.buffered, chunk]);
        if (this.upgraded) this.takeFrames();
        else this.takeHead(resolve);
      });
    });
    this.socket.write(bytes);
    return within("an answer to the upgrade", 15_000, answer);
  }

  takeHead(resolve) {
    const end = this.buffered.indexOf("\r\n\r\n");
    if (end < 0 || !this.buffered.toString("latin1", 0, 13).startsWith("HTTP/1.1 101 ")) return;
    const answer = parseResponse(this.buffered.subarray(0, end + 4));
    this.upgraded = true;
    this.openedAt = performance.now();
    this.buffered = this.buffered.subarray(end + 4);
    this.takeFrames();
    resolve({ ...answer, end: null });
  }

  takeFrames() {
    this.buffered = takeFrames(this.buffered, (frame) => {
      if (this.pongs && frame.opcode === OPCODE.ping) this.write(clientFrame(OPCODE.pong, frame.payload));
      this.toldClose ||= frame.opcode === OPCODE.close;
      this.note(wordsOf(frame));
    });
  }

  note(words) {
    this.frames.push({ words, at: performance.now(), wall: Date.now() });
  }

  write(bytes) {
    if (!this.ended) this.socket.write(bytes);
  }

  // Resolves once everything has arrived that the server sent before it read this request.
  async caughtUp(name) {
    const words = `pong ${name}`;
    this.write(clientFrame(OPCODE.ping, name));
    const deadline = performance.now() + 10_000;
    while (!this.ended && !this.frames.some((frame) => frame.words === words)) {
      if (performance.now() > deadline) throw new Error(`no ${words} came`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.frames = this.frames.filter((frame) => frame.words !== words);
  }
}
