// A process of many orion clients. clients.mjs starts it and talks to it over the IPC channel.
import WebSocket from "ws";

import { judge, readOrionFrame } from "./ledger.mjs";

const AT_ONCE = 50; // handshakes under way, so that a listen backlog is not what is tested
const clients = [];

class Client {
  constructor(url, ca) {
    this.numbers = [];
    this.faults = []; // what is wrong with single frames
    this.close = null;
    this.socket = new WebSocket(url, { perMessageDeflate: false, ca });
    this.socket.on("message", (data, isBinary) => this.note(data, isBinary));
    this.socket.on("close", (code, reason) => {
      this.close = { code, reason: reason.toString(), at: Date.now() };
    });
  }

  opened() {
    return new Promise((resolve, reject) => {
      this.socket.once("open", () => {
        this.socket.removeListener("error", reject);
        this.socket.on("error", () => {}); // `close` reports it
        resolve();
      });
      this.socket.once("error", reject);
    });
  }

  note(data, isBinary) {
    const { frame, fault } = readOrionFrame(data, isBinary);
    if (fault) this.faults.push(fault);
    else this.numbers.push(frame.payload.n);
  }
}

async function open({ url, count, ca }) {
  let left = count;
  const opener = async () => {
    while (left > 0) {
      left -= 1;
      const client = new Client(url, ca);
      clients.push(client);
      await client.opened();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, opener));
}

const commands = {
  open,
  progress: () => ({
    least: Math.min(...clients.map((client) => client.numbers.length)),
    most: Math.max(...clients.map((client) => client.numbers.length)),
    open: clients.filter((client) => client.close === null).length,
  }),
  judge: ({ from, to }) => clients.map((client) => ({
    // A broken record has as many faults as events: a few of them are enough.
    faults: [...client.faults, ...judge(client.numbers, from, to)].slice(0, 5),
    received: client.numbers.length,
    close: client.close,
  })),
  verdicts: () => clients.map(({ numbers, faults, close }) => ({ numbers, faults, close })),
};

process.on("message", async ({ id, ...request }) => {
  try {
    process.send({ id, answer: await commands[request.do](request) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit(0));
