// `carillon bench` with other servers: Server-Sent Events, a server that asks in text messages, one that sends
// binary lines, one that closes its API's connection from time to time, and one with NATS's publish protocol.
import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import test from "node:test";

import { WebSocketServer } from "ws";

import { BINARY, run } from "./harness.mjs";

// A server that hands each POSTed body to `broadcast`.
async function serve(t, { onGet, broadcast, closeEvery = Infinity }) {
  let posts = 0;
  const server = http.createServer((request, response) => {
    if (request.method === "GET") return onGet(request, response);
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      // Pipelined behind an answer that closes the connection: it gets no answer, and is sent again on the next one.
      if (request.socket.isClosing) return;
      broadcast(Buffer.concat(chunks).toString());
      posts += 1;
      request.socket.isClosing = posts % closeEvery === 0;
      if (request.socket.isClosing) response.setHeader("Connection", "close");
      response.end("ok");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { server, address: `127.0.0.1:${server.address().port}` };
}

async function figures(address, scheme, args, publish = `http://${address}/`) {
  const end = await run(BINARY, ["bench", "--url", `${scheme}://${address}/`, "--publish", publish, "--publish-body", "$data",
    "--channel", "any", "--clients", "5", "--rate", "200", "--events", "60", "--json", ...args]);
  assert.equal(end.code, 0, end.stderr + end.stdout);
  const { deliveries, lost, surplus, out_of_order: disorder } = JSON.parse(end.stdout);
  return { deliveries, lost, surplus, disorder };
}
const ALL = { deliveries: 300, lost: 0, surplus: 0, disorder: 0 };

test("Server-Sent Events are counted by their marker, through an API that closes every tenth connection", async (t) => {
  const streams = new Set();
  const { address } = await serve(t, {
    onGet: (_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write(": welcome\n\n");
      streams.add(response);
    },
    broadcast: (body) => streams.forEach((stream) => stream.write(`data: ${body}\n\n`)),
    closeEvery: 10,
  });
  assert.deepEqual(await figures(address, "http", ["--transport", "sse", "--count", 'marker:"pad":']), ALL);
});

test("a server that asks in text is answered, and its requests are not counted as events", async (t) => {
  const welcome = new Set();
  const { server, address } = await serve(t, { onGet: (_, response) => response.end(),
    broadcast: (body) => welcome.forEach((socket) => { socket.send("2"); socket.send(body); }) });
  new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data) => data.toString() === "3" && welcome.add(socket));
    socket.send("2");
  });
  assert.deepEqual(await figures(address, "ws", ["--answer", "2=3"]), ALL);
});

test("a server that uses binary lines is greeted in them, and several events in one frame are counted one by one", async (t) => {
  const welcome = new Set();
  const { server, address } = await serve(t, { onGet: (_, response) => response.end(),
    broadcast: (body) => welcome.forEach((socket) => {
      socket.held = [...(socket.held ?? []), body];
      setTimeout(() => socket.held.length && socket.send(Buffer.from(socket.held.splice(0).join("\r\n"))), 30);
    }) });
  new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data, binary) => binary && data.toString() === "SUB any 1\r\n" && welcome.add(socket));
  });
  assert.deepEqual(await figures(address, "ws", ["--binary", "--hello", "SUB any 1\\r\\n", "--count", 'marker:"pad":']), ALL);
});

test("events are published in NATS's protocol, and its pings are answered", async (t) => {
  const { server, address } = await serve(t, { onGet: (_, response) => response.end() });
  const sockets = new WebSocketServer({ server });
  let answered = 0;
  const nats = net.createServer((socket) => {
    let text = "";
    socket.write('INFO {"server_id":"test"} \r\nPING\r\n');
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const lines = (text + bytes).split("\r\n");
      text = lines.pop();
      for (const line of lines) {
        if (line === "PING") socket.write("PONG\r\n");
        if (line === "PONG") answered += 1;
        if (line.startsWith("{")) sockets.clients.forEach((client) => client.send(line));
      }
    });
  });
  await new Promise((resolve) => nats.listen(0, "127.0.0.1", resolve));
  t.after(() => nats.close());
  assert.deepEqual(await figures(address, "ws", [], `nats://127.0.0.1:${nats.address().port}`), ALL);
  assert.equal(answered, 1);
});
