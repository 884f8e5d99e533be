// The gateway under test: the real binary, on a free port, with the test's own configuration.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { ROOT, residentBytes, run, startProcess, temporaryFolder, until, within } from "./process.mjs";
import { API_KEY, SECRET } from "./tokens.mjs";

export const BINARY = process.env.CARILLON_BINARY ?? path.join(ROOT, "build/release/carillon");
const ENVIRONMENT = { CARILLON_JWT_SECRET: SECRET, CARILLON_API_KEY: API_KEY };

// A configuration file. `endpoints` are tables of dotted keys: { profile: "orion", "keepalive.ping": "1s" }.
// `extra` is TOML that goes in as it is.
export function configText({ bus = {}, server = {}, endpoints = [{ profile: "orion" }], extra = "" } = {}) {
  const table = (head, values) =>
    [head, ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)].join("\n");
  return [
    table("[server]", { listen: ["127.0.0.1:0"], drain: "1s", ...server }),
    table("[bus]", { url: "memory:", ...bus }),
    '[keys.main]\nalgorithms = ["HS256"]\nsecret = { env = "CARILLON_JWT_SECRET" }',
    '[api]\nkeys = [{ env = "CARILLON_API_KEY" }]',
    ...endpoints.map((endpoint) => table("[[endpoint]]", endpoint)),
    extra,
  ].join("\n\n");
}

// Starts `carillon serve` and waits for its ready line, and for its Redis when the options name one, unless
// `busIsDown`. At the end of the test it gets SIGTERM, and must leave with 0 (a crash fails the test even if
// nothing else noticed). `under`: words of a command that becomes the binary, such as prlimit.
export async function startCarillon(t, options = {}) {
  const file = options.file ?? path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, options.text ?? configText(options));
  const server = new Carillon(["serve", "--config", file], options);
  t.after(() => server.stop());
  await server.ready(options.readyMs);
  if (options.bus?.url?.startsWith("redis") && !options.busIsDown) {
    await server.waitForLog("the bus is up", (log) => log.message === "bus is up", { timeoutMs: 10_000 });
  }
  return server;
}

// Starts another process that takes over from `server`, and waits until it serves.
export async function startTakeover(t, server, options = {}) {
  const next = new Carillon(["serve", "--config", server.file, "--takeover"], options);
  t.after(() => next.stop());
  await next.ready(options.readyMs ?? 20_000);
  server.toldToLeave = true;
  return Object.assign(next, { file: server.file, control: server.control, write: server.write, reload: server.reload });
}

class Carillon {
  constructor(args, { env = {}, under = [] }) {
    this.logs = []; // parsed lines of stderr
    this.badLines = []; // those that are no JSON object
    const [command, ...words] = [...under, BINARY, ...args];
    this.process = startProcess(command, words, {
      env: this.environment = { ...ENVIRONMENT, ...env },
      onLine: (line, stream) => stream === "stderr" && this.noteLine(line),
    });
    this.pid = this.process.pid;
    this.exited = this.process.exited;
    this.exited.then((end) => { this.end = end; });
  }

  noteLine(line) {
    try {
      const log = JSON.parse(line);
      if (typeof log !== "object" || log === null || Array.isArray(log)) throw new Error("no object");
      this.logs.push(log);
    } catch {
      this.badLines.push(line);
    }
  }

  async ready(timeoutMs = 10_000) {
    const line = await until("the ready line", () => {
      if (this.end) throw new Error(`carillon left before it was ready (${JSON.stringify(this.end)}):\n${this.process.text()}`);
      return this.logs.find((log) => log.message === "ready");
    }, { timeoutMs });
    this.listen = line.listen.split(",").map((address) => address.trim());
    this.port = Number(this.listen[0].split(":").pop());
  }

  // The URL of an endpoint, with a token when there is one.
  ws(target, token) {
    return `ws://127.0.0.1:${this.port}${target}${token === undefined ? "" : `?token=${encodeURIComponent(token)}`}`;
  }

  signal(name) {
    if (name === "SIGTERM") this.toldToLeave = true;
    process.kill(this.pid, name);
  }

  residentBytes() {
    return residentBytes(this.pid);
  }

  waitForLog(what, matches, options) {
    return until(`a log line: ${what}`, () => this.logs.find(matches), options);
  }

  async stop() {
    // It may already be draining: a second signal would end it at once, with another exit code.
    if (this.toldToLeave) await within("carillon leaves by itself", 1000, this.exited).catch(() => {});
    if (!this.end) this.signal("SIGTERM");
    try {
      const { code, signal } = await within("carillon is gone", 15_000, this.exited);
      if (!this.expectedEnd && code !== 0) throw new Error(`carillon ended with ${code ?? signal}:\n${this.process.text().slice(-4000)}`);
    } finally {
      this.process.child.kill("SIGKILL");
    }
  }
}

// Runs a verb of the command line to its end.
export function carillon(args, { under = [], ...options } = {}) {
  const [command, ...words] = [...under, BINARY, ...args];
  return run(command, words, { ...options, env: { ...ENVIRONMENT, ...options.env } });
}
