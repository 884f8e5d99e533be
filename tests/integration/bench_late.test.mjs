// `carillon bench` against slow servers: a late greeting is not counted as an event, and an event that was
// published too early is not counted as lost.
import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { WebSocketServer } from "ws";

import { BINARY, run } from "./harness.mjs";

// A fan-out server: what is posted to it goes to every client that listens. `onClient` decides when that begins.
async function startServer(t, onClient) {
  const listeners = new Set();
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      for (const socket of listeners) socket.send(Buffer.concat(chunks).toString());
      response.end("{}");
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => onClient(socket, () => listeners.add(socket)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => { for (const socket of sockets.clients) socket.terminate(); server.closeAllConnections(); server.close(); });
  return `127.0.0.1:${server.address().port}`;
}

async function figures(address) {
  const end = await run(BINARY, ["bench", "--url", `ws://${address}/`, "--publish", `http://${address}/`, "--publish-body",
    "$data", "--channel", "any", "--clients", "5", "--rate", "200", "--events", "60", "--json"]);
  assert.equal(end.code, 0, end.stderr + end.stdout);
  const { deliveries, lost, surplus, out_of_order: disorder } = JSON.parse(end.stdout);
  return { deliveries, lost, surplus, disorder };
}

const ALL = { deliveries: 300, lost: 0, surplus: 0, disorder: 0 };

test("a greeting that arrives after the first event is not counted", async (t) => {
  const address = await startServer(t, (socket, listen) => {
    listen();
    setTimeout(() => socket.send("welcome"), 200);
  });
  assert.deepEqual(await figures(address), ALL);
});

test("a subscription that takes effect late loses no event", async (t) => {
  const address = await startServer(t, (socket, listen) => setTimeout(listen, 1000));
  assert.deepEqual(await figures(address), ALL);
});
