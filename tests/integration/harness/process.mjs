// Child processes, temporary folders and waiting. Only processes started here are ever stopped, by pid.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const PYTHON = "/usr/bin/python3"; // Debian's own, which sees Debian's packages

const alive = new Set();
process.on("exit", () => alive.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(1));

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Waits until `condition` gives something true, and returns it. No fixed sleeps: a deadline, and a
// message with what never came; `what` may be a function that returns the progress.
export async function until(what, condition, { timeoutMs = 10_000, everyMs = 20 } = {}) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${typeof what === "function" ? what() : what}`);
    await pause(everyMs);
  }
}

// The value of a promise, or an error when it takes too long.
export function within(what, timeoutMs, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`)), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// A folder that goes away with the test.
export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "carillon-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Starts a program and collects its lines. `exited` resolves to { code, signal } and never rejects.
export function startProcess(command, args, { env = {}, cwd = ROOT, onLine = () => {}, stdio = ["pipe", "pipe", "pipe"] } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio });
  const lines = { stdout: [], stderr: [] };
  for (const name of ["stdout", "stderr"]) collectLines(child[name], (line) => {
    lines[name].push(line);
    onLine(line, name);
  });
  alive.add(child);
  const exited = new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => alive.delete(child));
  // A program that is gone takes its input with it; what matters is its exit.
  child.stdin.on("error", () => {});
  return { child, pid: child.pid, lines, exited, text: () => [...lines.stdout, ...lines.stderr].join("\n") };
}

function collectLines(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    parts.forEach(onLine);
  });
  stream.on("end", () => rest && onLine(rest));
}

// Runs a program to its end.
export async function run(command, args, { input = "", timeoutMs = 30_000, ...options } = {}) {
  const started = startProcess(command, args, options);
  started.child.stdin.end(input);
  try {
    const end = await within(`${command} ${args.join(" ")} ends`, timeoutMs, started.exited);
    return { ...end, stdout: started.lines.stdout.join("\n"), stderr: started.lines.stderr.join("\n") };
  } finally {
    started.child.kill("SIGKILL");
  }
}

// Resident memory of a process, in bytes.
export function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(kilobytes[1]) * 1024;
}

// The server's ends of its connections with these client ports, in whatever state: also those that no
// process owns any more.
export function serverEnds(serverPort, clientPorts) {
  const wanted = new Set(clientPorts.map(String));
  const text = execFileSync("ss", ["-tanH", `sport = :${serverPort}`], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return text.split("\n").filter((line) => wanted.has(/:(\d+)\s*$/.exec(line)?.[1]));
}

// What the kernel holds for both ends of loopback connections, given the clients' ports: bytes in their
// receive and send queues with the overhead of their buffers, and what is reserved in addition.
export function kernelBytes(clientPorts) {
  const wanted = new Set(clientPorts.map(String));
  const text = execFileSync("ss", ["-tmnHO"], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  let bytes = 0;
  for (const line of text.split("\n")) {
    const ports = [...line.matchAll(/:(\d+)(?=\s)/g)].map((match) => match[1]);
    const memory = /skmem:\(r(\d+),rb\d+,t(\d+),tb\d+,f(\d+),w(\d+),o(\d+)/.exec(line);
    // t is part of w; f is reserved and not yet used.
    if (memory && ports.some((port) => wanted.has(port))) bytes += Number(memory[1]) + Number(memory[3]) + Number(memory[4]);
  }
  return bytes;
}
