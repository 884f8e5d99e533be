// `carillon dev`: a process with its screen, and what stands on it.
import path from "node:path";

import { BINARY } from "./carillon.mjs";
import { freePort, startProcess, temporaryFolder, until } from "./process.mjs";

// Starts it on a free port, or on `port`, with its keys in a folder that goes away with the test, or in `state`, and
// waits for the screen. `cwd`: where it runs, for files that are named relative to it.
export async function startDev(t, args = [], { state = temporaryFolder(t), port, listens = true, env = {}, ...options } = {}) {
  const address = listens ? `127.0.0.1:${port ?? (await freePort())}` : undefined;
  const dev = startProcess(BINARY, ["dev", ...(listens ? ["--listen", address] : []), ...args], {
    env: { XDG_STATE_HOME: state, CARILLON_JWT_SECRET: undefined, CARILLON_API_KEY: undefined, ...env }, ...options,
  });
  t.after(() => dev.child.kill("SIGKILL"));
  await until("the screen", () => {
    if (dev.child.exitCode !== null) throw new Error(dev.text());
    return dev.lines.stdout.some((line) => line.includes("Ctrl-C stops the gateway."));
  });
  return new Dev(dev, state, address);
}

class Dev {
  constructor(process, state, address) {
    Object.assign(this, process, { process, state, keysFile: path.join(state, "carillon/dev-keys") });
    this.port = address && Number(address.split(":").pop());
    this.first = this.lines.stdout.length; // lines of the first screen
  }

  get screen() {
    return this.lines.stdout.join("\n");
  }

  // { profile: its newest URL on the screen }.
  urls() {
    return Object.fromEntries(this.lines.stdout.flatMap((line) => {
      const match = /^ {2}(\w+) +(wss?:\S+)/.exec(line);
      return match ? [[match[1], match[2].replace("TOKEN", this.token)]] : [];
    }));
  }

  get token() {
    return this.lines.stdout[this.lines.stdout.findIndex((line) => line.startsWith("TOKEN is")) + 1];
  }

  get apiKey() {
    return /Bearer ([0-9a-f]+)/.exec(this.screen)[1];
  }

  // Lines that stand alone on the screen and begin with a command.
  pasteable(command) {
    return this.lines.stdout.map((line) => line.trim()).filter((line) => new RegExp(`^(\\w+=\\S+ )*(/usr/bin/)?${command} `).test(line));
  }

  // Lines after the first screen.
  told() {
    return this.lines.stdout.slice(this.first);
  }

  // Waits for a line after the first screen, and after those that were waited for before.
  waitForLine(pattern, options) {
    return until(() => `a line ${pattern} in:\n${this.told().join("\n")}`, () => {
      const index = this.lines.stdout.findIndex((line, at) => at >= (this.seen ?? this.first) && pattern.test(line));
      if (index < 0) return undefined;
      this.seen = index + 1;
      return this.lines.stdout[index];
    }, options);
  }

  async stop() {
    this.child.kill("SIGINT");
    return (await this.exited).code;
  }
}
