// A process of many orion clients that reconnect whenever their connection ends. clients.mjs starts it and talks to
// it over the IPC channel.
import WebSocket from "ws";

const AT_ONCE = 50; // handshakes under way when they connect for the first time
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const clients = [];

// The back-off of docs/restarts.md: 1 s, 2 s, 4 s … at most 30 s, each shortened at random by up to a half, and from
// 1 s again after a successful open. A Retry-After that is longer counts instead.
class Client {
  constructor(url) {
    this.url = url;
    this.failures = 0;
    this.opens = 0;
    this.refusals = 0; // 503
    this.events = 0;
    this.isOpen = false;
    this.openedAt = 0;
    this.retryAfterMs = 0;
  }

  connect(onSettled = () => {}) {
    this.socket = new WebSocket(this.url, { perMessageDeflate: false });
    this.socket.on("open", () => {
      this.isOpen = true;
      this.opens += 1;
      this.failures = 0;
      this.openedAt = Date.now();
      onSettled();
    });
    this.socket.on("message", () => { this.events += 1; });
    this.socket.on("unexpected-response", (request, response) => this.onRefused(request, response));
    this.socket.on("error", () => {}); // `close` follows
    this.socket.on("close", () => {
      this.isOpen = false;
      this.reconnectLater();
      onSettled();
    });
  }

  onRefused(request, response) {
    if (response.statusCode === 503) this.refusals += 1;
    this.retryAfterMs = Number(response.headers["retry-after"] ?? 0) * 1000;
    response.resume();
    request.destroy();
    this.socket.terminate();
  }

  reconnectLater() {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures) * (1 - Math.random() / 2);
    this.failures += 1;
    setTimeout(() => this.connect(), Math.max(wait, this.retryAfterMs));
    this.retryAfterMs = 0;
  }
}

async function open({ url, count }) {
  let left = count;
  const opener = async () => {
    while (left > 0) {
      left -= 1;
      const client = new Client(url);
      clients.push(client);
      await new Promise((resolve) => client.connect(resolve));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, opener));
}

const sum = (pick) => clients.reduce((total, client) => total + pick(client), 0);

const commands = {
  open,
  report: () => ({
    open: sum((client) => (client.isOpen ? 1 : 0)),
    opens: sum((client) => client.opens),
    refusals: sum((client) => client.refusals),
    events: sum((client) => client.events),
    lastOpenAt: Math.max(...clients.map((client) => client.openedAt)),
  }),
};

process.on("message", async ({ id, ...request }) => {
  try {
    process.send({ id, answer: await commands[request.do](request) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit(0));
