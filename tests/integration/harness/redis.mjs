// A redis-server started by the test: free port, loopback, no persistence.
import net from "node:net";

import { freePort, run, startProcess, temporaryFolder, until, within } from "./process.mjs";

const PORTS_TRIED = 3;

export async function startRedis(t) {
  const folder = temporaryFolder(t);
  for (let tried = 1; ; tried += 1) {
    const redis = new Redis(await freePort(), folder);
    t.after(() => redis.kill());
    try {
      await redis.start();
      return redis;
    } catch (error) {
      // Between the look for a free port and its use another program may have taken it.
      if (!redis.end || tried === PORTS_TRIED) throw error;
    }
  }
}

class Redis {
  constructor(port, folder) {
    this.port = port;
    this.folder = folder;
    this.url = `redis://127.0.0.1:${port}`;
  }

  // Starts it (again, on the same port). Resolves when it accepts commands, with the time of that.
  async start() {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
      "--dir", this.folder, "--daemonize", "no", "--loglevel", "warning"];
    this.end = undefined;
    const started = startProcess("redis-server", args);
    this.process = started;
    started.exited.then((end) => { if (this.process === started) this.end = end; });
    await until("redis-server answers PING", () => {
      if (this.end) throw new Error(`redis-server left (${JSON.stringify(this.end)}): ${started.text()}`);
      return this.answers();
    }, { everyMs: 5 });
    return performance.now();
  }

  async answers() {
    try {
      return (await this.command([["PING"]])).startsWith("+PONG");
    } catch {
      return false;
    }
  }

  async kill(signal = "SIGKILL") {
    this.process.child.kill(signal);
    await within("redis-server is gone", 5000, this.process.exited);
  }

  signal(name) {
    this.process.child.kill(name); // of one that is gone: nothing
  }

  // Publishes as a back-end service would: `redis-cli` with commands on its input.
  async cli(lines) {
    const { code, stdout, stderr } = await run("redis-cli", ["-p", String(this.port)], { input: `${lines.join("\n")}\n` });
    if (code !== 0 || /^(ERR|\(error\))/m.test(stdout)) throw new Error(`redis-cli: ${stdout.slice(0, 300)} ${stderr}`);
    return stdout.split("\n");
  }

  // Byte for byte, whatever the bytes are; resolves to the raw replies.
  publish(channel, ...bodies) {
    return this.command(bodies.map((body) => ["PUBLISH", channel, body]));
  }

  command(commands) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.port, "127.0.0.1");
      let text = "";
      let replies = 0;
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`redis closed after ${text}`)));
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        replies += chunk.toString("latin1").split("\r\n").length - 1;
        if (replies >= commands.length) {
          resolve(text);
          socket.destroy();
        }
      });
      for (const words of commands) socket.write(encodeCommand(words));
    });
  }
}

// RESP: an array of bulk strings.
function encodeCommand(words) {
  const parts = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.from(word);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}
