// A WebSocket client under full control of the test: no automatic pongs, no automatic reads, any bytes.
import { randomBytes } from "node:crypto";
import net from "node:net";

import { upgradeHead } from "./http.mjs";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

// A masked client frame.
export function clientFrame(opcode, payload = "", { fin = true } = {}) {
  const data = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | opcode];
  if (data.length < 126) head.push(0x80 | data.length);
  else if (data.length < 65536) head.push(0x80 | 126, data.length >> 8, data.length & 255);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(data.length));
    head.push(0x80 | 127, ...length);
  }
  const mask = randomBytes(4);
  const masked = Buffer.from(data);
  for (let index = 0; index < masked.length; index += 1) masked[index] ^= mask[index & 3];
  return Buffer.concat([Buffer.from(head), mask, masked]);
}

// Connects and upgrades; then notes every frame from the server. Never answers by itself.
export async function openRaw(port, target) {
  const socket = net.connect(port, "127.0.0.1");
  const client = { socket, frames: [], end: null, endedAt: null };
  let buffered = Buffer.alloc(0);
  let upgraded = false;
  const ready = new Promise((resolve, reject) => {
    socket.on("error", (error) => { client.end ??= error.code; reject(error); });
    socket.on("close", () => {
      client.end ??= "fin";
      client.endedAt = performance.now();
      reject(new Error("closed before the upgrade"));
    });
    socket.on("data", (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      if (!upgraded) {
        const end = buffered.indexOf("\r\n\r\n");
        if (end < 0) return;
        const status = buffered.subarray(0, buffered.indexOf("\r\n")).toString();
        if (!status.includes(" 101 ")) return reject(new Error(status));
        upgraded = true;
        buffered = buffered.subarray(end + 4);
        resolve(client);
      }
      buffered = takeFrames(buffered, (frame) => client.frames.push({ ...frame, at: performance.now() }));
    });
  });
  socket.write(upgradeHead(target));
  return ready;
}

// Unmasked server frames; returns what is left over.
export function takeFrames(bytes, onFrame) {
  for (;;) {
    if (bytes.length < 2) return bytes;
    let length = bytes[1] & 127;
    let head = 2;
    if (length === 126) [length, head] = bytes.length < 4 ? [Infinity, 4] : [bytes.readUInt16BE(2), 4];
    else if (length === 127) [length, head] = bytes.length < 10 ? [Infinity, 10] : [Number(bytes.readBigUInt64BE(2)), 10];
    if (bytes.length < head + length) return bytes;
    onFrame({ opcode: bytes[0] & 15, fin: bytes[0] >> 7 === 1, payload: bytes.subarray(head, head + length) });
    bytes = bytes.subarray(head + length);
  }
}
