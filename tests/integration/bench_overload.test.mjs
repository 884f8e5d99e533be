// `carillon bench` against servers that cannot keep up: it reports what was delivered, stops waiting after a
// timeout, and does not report events as lost that are still arriving.
import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";

import { WebSocketServer } from "ws";

import { BINARY, run } from "./harness.mjs";

const EVENTS = 20;
const CLIENTS = 5;

// `onEvent` gets the posted body, a function to answer, and one to send to every client.
async function serve(t, onEvent) {
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => onEvent(Buffer.concat(chunks).toString(), () => response.end("{}"), broadcast));
  });
  const sockets = new WebSocketServer({ server });
  const broadcast = (text) => sockets.clients.forEach((socket) => socket.send(text));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => { for (const socket of sockets.clients) socket.terminate(); server.closeAllConnections(); server.close(); });
  return `127.0.0.1:${server.address().port}`;
}

async function figures(address) {
  const end = await run(BINARY, ["bench", "--url", `ws://${address}/`, "--publish", `http://${address}/`, "--publish-body",
    "$data", "--channel", "any", "--clients", `${CLIENTS}`, "--rate", "100", "--events", `${EVENTS}`, "--json"]);
  assert.equal(end.code, 1, end.stderr + end.stdout);
  return JSON.parse(end.stdout);
}

test("overload", { concurrency: true }, async (t) => {
  const acknowledgements = t.test("events that are not acknowledged are reported, with what was delivered", async (t) => {
    let taken = 0;
    const found = await figures(await serve(t, (event, answer, broadcast) => {
      broadcast(event);
      taken += 1;
      if (taken <= 6) answer();
    }));
    assert.ok(found.published > 0 && found.publish_unacknowledged > 0, JSON.stringify(found));
    assert.equal(found.published + found.publish_unacknowledged, EVENTS);
    assert.equal(found.deliveries, (taken - 1) * CLIENTS, "all but the first, with which it warms up");
    assert.deepEqual([found.lost, found.undelivered, found.surplus, found.out_of_order], [0, 0, 0, 0]);
    assert.ok(found.measured_s >= 5, "a server that has come to a stand is not measured by its good beginning");
  });

  const deliveries = t.test("the rate is that of the time in which deliveries came, and the rest is undelivered", async (t) => {
    const held = [];
    let sent = 0;
    const found = await figures(await serve(t, (event, answer, broadcast) => {
      held.push(event);
      if (held.length === 1 && sent === 0) broadcast(event);
      answer();
      if (sent === 0) {
        sent = 1;
        held.length = 0;
        const timer = setInterval(() => held.length > 0 && broadcast(held.shift()), 500);
        t.after(() => clearInterval(timer));
      }
    }));
    assert.deepEqual([found.published, found.publish_unacknowledged, found.lost], [EVENTS, 0, 0]);
    assert.ok(found.deliveries > 0 && found.undelivered > 0, JSON.stringify(found));
    assert.equal(found.deliveries + found.undelivered, EVENTS * CLIENTS);
    assert.ok(Math.abs(found.deliveries_per_s * found.measured_s - found.deliveries) < 1, JSON.stringify(found));
  });
  await Promise.all([acknowledgements, deliveries]);
});
