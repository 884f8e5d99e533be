// A TCP proxy that harms the connections through it, in a process of its own. Each connection lives for a random
// time, and then one of three things happens: a reset; a reset after only a part of the bytes that were on their way;
// or silence in both directions for a while, then a reset.
//   node fault_proxy.mjs TARGET_PORT LIFE_MS_MIN LIFE_MS_MAX
// Prints its port. Reads lines: `harm` begins to end connections, also those that are open; `spare` lets them live.
import net from "node:net";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

import { startProcess, until } from "./process.mjs";

const SILENCE_MS_MAX = 1500;

const between = (least, most) => least + Math.random() * (most - least);

class Proxy {
  constructor(targetPort, lifeMin, lifeMax) {
    Object.assign(this, { targetPort, lifeMin, lifeMax, harming: false, open: new Set() });
    this.server = net.createServer({ pauseOnConnect: true }, (client) => this.accept(client));
    this.server.listen(0, "127.0.0.1", () => console.log(this.server.address().port));
  }

  accept(client) {
    const gateway = net.connect(this.targetPort, "127.0.0.1");
    const pair = { client, gateway, passes: true };
    for (const socket of [client, gateway]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => this.end(pair));
    }
    client.on("data", (bytes) => pair.passes && gateway.write(bytes));
    gateway.on("data", (bytes) => this.pass(pair, bytes));
    client.resume();
    this.open.add(pair);
    if (this.harming) this.harmLater(pair);
  }

  pass(pair, bytes) {
    if (!pair.passes) return;
    if (!pair.cutsShort) {
      pair.client.write(bytes);
      return;
    }
    pair.passes = false;
    pair.client.write(bytes.subarray(0, Math.floor(Math.random() * bytes.length)), () => this.reset(pair));
  }

  harmLater(pair) {
    pair.timer = setTimeout(() => {
      const kind = Math.floor(Math.random() * 3);
      if (kind === 0) {
        this.reset(pair);
      } else if (kind === 1) {
        pair.cutsShort = true;
      } else {
        pair.passes = false;
        pair.timer = setTimeout(() => this.reset(pair), Math.random() * SILENCE_MS_MAX);
      }
    }, between(this.lifeMin, this.lifeMax));
  }

  reset(pair) {
    pair.client.resetAndDestroy();
    pair.gateway.resetAndDestroy();
  }

  // One side has ended: the other one ends as well.
  end(pair) {
    clearTimeout(pair.timer);
    this.open.delete(pair);
    pair.client.destroy();
    pair.gateway.destroy();
  }

  set(harming) {
    this.harming = harming;
    for (const pair of this.open) {
      clearTimeout(pair.timer);
      if (harming) this.harmLater(pair);
      else if (pair.cutsShort || !pair.passes) this.reset(pair);
    }
  }
}

// Starts the proxy. Connections live for `lifeMs`, [least, most], once harm() has been called.
export async function startFaultProxy(t, targetPort, lifeMs) {
  const proxy = startProcess("node", [fileURLToPath(import.meta.url), String(targetPort), ...lifeMs.map(String)]);
  t.after(() => proxy.child.kill("SIGKILL"));
  const port = await until("the proxy listens", () => Number(proxy.lines.stdout[0]) || null);
  const say = (line) => proxy.child.stdin.write(`${line}\n`);
  return { port, harm: () => say("harm"), spare: () => say("spare") };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const proxy = new Proxy(...process.argv.slice(2).map(Number));
  readline.createInterface({ input: process.stdin }).on("line", (line) => proxy.set(line === "harm"));
}
