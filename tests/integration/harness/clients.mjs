// WebSocket clients: single ones in this process, or a thousand in processes of their own.
import { fork } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

import { PYTHON, startProcess, until, within } from "./process.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));

// One `ws` client that notes what it gets: messages [{ data, isBinary, at }], and its close.
export async function openClient(t, url, options = {}) {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  const client = { socket, messages: [], pings: [], close: null };
  socket.on("message", (data, isBinary) => client.messages.push({ data, isBinary, at: performance.now() }));
  socket.on("ping", () => client.pings.push(performance.now()));
  client.closed = new Promise((resolve) => socket.once("close", (code, reason) => {
    client.close = { code, reason: reason.toString(), at: performance.now() };
    resolve(client.close);
  }));
  t.after(() => socket.terminate());
  await within(`the upgrade of ${url.split("?")[0]}`, 10_000, new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  }));
  socket.on("error", () => {}); // `close` reports it
  client.next = (count = 1, timeoutMs = 5000) =>
    until(`${count} messages`, () => client.messages.length >= count && client.messages, { timeoutMs });
  return client;
}

// `count` clients spread over processes, each noting the number in every event's payload. See
// client_worker.mjs for what they answer. `ca`: the certificate that a wss:// server must show.
export function openPool(t, options) {
  return openWorkers(t, "client_worker.mjs", options);
}

// The same with clients that reconnect as docs/restarts.md describes. `pool.all({ do: "report" })` has their figures.
export function openReconnectingPool(t, options) {
  return openWorkers(t, "reconnecting_worker.mjs", options);
}

async function openWorkers(t, file, { url, count, processes = 2, ca }) {
  const workers = Array.from({ length: processes }, () => new Worker(file));
  t.after(() => Promise.all(workers.map((worker) => worker.stop())));
  const pool = new Pool(workers, count);
  await Promise.all(workers.map((worker, index) =>
    worker.ask({ do: "open", url, ca, count: Math.floor(count / processes) + (index < count % processes ? 1 : 0) }, 60_000)));
  return pool;
}

class Pool {
  constructor(workers, count) {
    this.workers = workers;
    this.count = count;
  }

  async all(request, timeoutMs = 30_000) {
    return (await Promise.all(this.workers.map((worker) => worker.ask(request, timeoutMs)))).flat();
  }

  // { least, most }: how many events the clients have, and how many are still connected.
  async progress() {
    const parts = await this.all({ do: "progress" });
    return {
      least: Math.min(...parts.map((part) => part.least)),
      most: Math.max(...parts.map((part) => part.most)),
      open: parts.reduce((sum, part) => sum + part.open, 0),
    };
  }

  waitForEach(events, timeoutMs = 60_000) {
    return until(`${events} events at each client`, async () => (await this.progress()).least >= events, { timeoutMs, everyMs: 100 });
  }

  // One verdict a client: { faults, received, close: { code, reason, at } or null }; `at` is wall-clock ms.
  judge(from, to) {
    return this.all({ do: "judge", from, to });
  }

  verdicts() {
    return this.all({ do: "verdicts" });
  }
}

class Worker {
  constructor(file) {
    this.child = fork(path.join(HERE, file), { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
    this.waiting = new Map();
    this.asked = 0;
    this.child.on("message", ({ id, answer, error }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(answer);
    });
    this.exited = new Promise((resolve) => this.child.once("exit", resolve));
  }

  ask(request, timeoutMs) {
    const id = this.asked += 1;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.child.send({ id, ...request });
    const died = this.exited.then(() => { throw new Error(`a client process died at ${request.do}`); });
    return within(`the clients ${request.do}`, timeoutMs, Promise.race([answer, died]));
  }

  async stop() {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

// Clients of Python's `websockets`, in one process. Resolves once all are connected; `verdict` resolves
// with [{ faults, received }] when each has `expected` events.
export async function openPythonClients(t, { url, count, expected, env = {} }) {
  const python = startProcess(PYTHON, [path.join(HERE, "python_clients.py"), url, String(count), String(expected)], { env });
  t.after(() => python.child.kill("SIGKILL"));
  await until("the Python clients are connected", () => {
    if (python.child.exitCode !== null) throw new Error(python.text());
    return python.lines.stdout.includes("connected");
  }, { timeoutMs: 30_000 });
  const verdict = python.exited.then(({ code }) => {
    if (code !== 0) throw new Error(`the Python clients failed: ${python.text()}`);
    return JSON.parse(python.lines.stdout.at(-1));
  });
  verdict.catch(() => {}); // the caller that awaits it sees it
  return { verdict };
}

// Clients that never read: { ports, ends }. `ends()` starts to read, and reports how each connection ended.
export async function openStalledClients(t, { port, target, count }) {
  const python = startProcess(PYTHON, [path.join(HERE, "stalled_clients.py"), String(port), target, String(count)]);
  t.after(() => python.child.kill("SIGKILL"));
  const line = lineOf(python, "the stalled clients");
  return {
    ports: JSON.parse(await line(0)),
    ends: async () => {
      python.child.stdin.end();
      return JSON.parse(await line(1));
    },
  };
}

// Clients that read so many bytes a second and no more. `verdict` resolves with [{ events, in_order, close }] when
// each has `expected` events or is closed.
export async function openPacedClients(t, { port, target, count, bytesPerSecond, expected }) {
  const args = [port, target, count, bytesPerSecond, expected].map(String);
  const python = startProcess(PYTHON, [path.join(HERE, "paced_clients.py"), ...args]);
  t.after(() => python.child.kill("SIGKILL"));
  await until("the paced clients are connected", () => {
    if (python.child.exitCode !== null) throw new Error(python.text());
    return python.lines.stdout.includes("connected");
  }, { timeoutMs: 30_000 });
  const verdict = python.exited.then(({ code }) => {
    if (code !== 0) throw new Error(`the paced clients failed: ${python.text()}`);
    return JSON.parse(python.lines.stdout.at(-1));
  });
  verdict.catch(() => {}); // the caller that awaits it sees it
  return { verdict };
}

// Clients that send as fast as they can (see flooders.py for what). `end()` stops them: { sent, ends }.
export async function openFlooders(t, { port, target, count, what }) {
  const python = startProcess(PYTHON, [path.join(HERE, "flooders.py"), String(port), target, String(count), what]);
  t.after(() => python.child.kill("SIGKILL"));
  const line = lineOf(python, "the flooders");
  await line(0);
  return {
    end: async () => {
      python.child.stdin.end();
      return JSON.parse(await line(1));
    },
  };
}

// A client that reads `rate` bytes a second through a small receive buffer. `end()` waits for the end of its
// connection: { text, pings, close, seconds }.
export async function openSlowReader(t, { port, target, rate }) {
  const python = startProcess(PYTHON, [path.join(HERE, "slow_reader.py"), String(port), target, String(rate)]);
  t.after(() => python.child.kill("SIGKILL"));
  const line = lineOf(python, "the slow reader");
  await line(0);
  return { end: async () => JSON.parse(await line(1, 60_000)) };
}

const lineOf = (python, what) => (index, timeoutMs = 30_000) => until(what, () => {
  if (python.child.exitCode) throw new Error(python.text());
  return python.lines.stdout[index];
}, { timeoutMs });
