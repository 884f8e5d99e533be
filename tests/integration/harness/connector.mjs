// A process that connects clients at a steady rate, each by a raw upgrade, and notes how every attempt ends. It
// also holds a few clients that read every event and connect again when they are closed.
//   node connector.mjs PORT TARGET RATE HELD     ends its work at the first line on its input, prints JSON
import net from "node:net";
import { fileURLToPath } from "node:url";

import WebSocket from "ws";

const PATIENCE_MS = 10_000;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

// Resolves to { ms } after a 101, or { error }.
function attempt(port, target) {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    const end = (outcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end({ error: "no answer" }), PATIENCE_MS);
    socket.once("connect", () => socket.write(
      `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`));
    socket.once("data", (data) => {
      const line = data.toString("latin1").split("\r\n")[0];
      end(line.includes(" 101 ") ? { ms: performance.now() - started } : { error: line });
    });
    socket.once("error", (error) => end({ error: error.code ?? String(error) }));
    socket.once("close", () => end({ error: "closed without an answer" }));
  });
}

// The numbers of one connection's events must follow each other.
function hold(url, report) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let last = null;
  socket.on("message", (data) => {
    const { n } = JSON.parse(data).payload;
    if (last !== null && n !== last + 1) report.gaps.push([last, n]);
    last = n;
    report.events += 1;
  });
  socket.on("error", (error) => report.errors.push(error.code ?? String(error)));
  socket.on("close", (code) => {
    if (report.stopped) return;
    report.codes[code] = (report.codes[code] ?? 0) + 1;
    hold(url, report);
  });
}

async function main([port, target, rate, held]) {
  const url = `ws://127.0.0.1:${port}${target}`;
  const report = { gaps: [], events: 0, errors: [], codes: {}, stopped: false };
  for (let i = 0; i < Number(held); i += 1) hold(url, report);
  const outcomes = [];
  const begun = performance.now();
  let made = 0;
  const timer = setInterval(() => {
    for (const due = ((performance.now() - begun) / 1000) * Number(rate); made < due; made += 1) outcomes.push(attempt(Number(port), target));
  }, 5);
  await new Promise((resolve) => process.stdin.once("data", resolve));
  clearInterval(timer);
  const ended = await Promise.all(outcomes);
  report.stopped = true;
  const errors = {};
  for (const { error } of ended) if (error) errors[error] = (errors[error] ?? 0) + 1;
  console.log(JSON.stringify({ attempts: ended.length, errors, slowest: Math.max(...ended.map(({ ms }) => ms ?? 0)), held: report }));
  process.exit(0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
