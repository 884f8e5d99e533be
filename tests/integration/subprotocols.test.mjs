// Sec-WebSocket-Protocol: a browser that offers subprotocols fails to connect unless the server selects one.
import assert from "node:assert/strict";
import test from "node:test";

import WebSocket from "ws";

import { METRIC, metrics, mintToken, openPage, startCarillon } from "./harness.mjs";

const MISMATCHES = "carillon_subprotocol_mismatches_total";

// How the connection of the package ws ended, or began: its subprotocol, or "failed".
function connect(url, offers) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, offers);
    socket.on("open", () => { resolve(socket.protocol); socket.terminate(); });
    socket.on("error", () => resolve("failed"));
  });
}

test("a client that offers subprotocols is answered with one that the endpoint speaks", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion", subprotocols: ["chat.v2", "chat.v1"] }] });
  const url = server.ws("/ws", mintToken());

  await t.test("the package ws", async () => {
    assert.equal(await connect(url, ["chat.v1", "chat.v2"]), "chat.v1", "the client's first");
    assert.equal(await connect(url, ["other", "chat.v2"]), "chat.v2");
    assert.equal(await connect(url), "", "a client that offers none is served");
    assert.equal((await metrics(server)).sum(MISMATCHES), 0);
    assert.equal(await connect(url, ["other"]), "failed", "ws closes when none of its own is answered");
    assert.equal((await metrics(server)).sum(MISMATCHES), 1);
    assert.equal((await metrics(server)).sum(METRIC.refusals), 0, "it is no refusal of ours");
  });

  await t.test("Chromium", async (t) => {
    const page = await openPage(t, "sockets.html");
    const open = (offers) => page.evaluate(([address, list]) => new Promise((resolve) => {
      const socket = new WebSocket(address, list);
      socket.onopen = () => { resolve(socket.protocol); socket.close(); };
      socket.onerror = () => resolve("failed");
    }), [url, offers]);
    assert.equal(await open(["x", "chat.v2"]), "chat.v2");
    assert.equal(await open([]), "");
    assert.equal(await open(["x"]), "failed");
  });
});
