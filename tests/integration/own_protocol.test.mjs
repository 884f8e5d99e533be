// A fifth protocol is one more file: docs/examples/chat.toml, served next to the built-in ones.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  OPCODE, Page, ROOT, api, carillon, metrics, mintToken, openClient, openRaw, publish, startCarillon, temporaryFolder, until, within,
} from "./harness.mjs";

const FILE = path.join(ROOT, "docs/examples/chat.toml");
const publishText = (server, topic, text) =>
  publish(server, { channel: "chat.room-1", data: { name: "message.created", topic, body: { text } } });

test("docs/examples/chat.toml", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: FILE }, { profile: "orion" }] });
  const url = (query = "") => server.ws(`/chat?${query}&token=${mintToken()}`);
  const texts = (client) => client.messages.map(({ data }) => JSON.parse(data).body.text);

  await t.test("a frame has the name, the topic, the body and a time in milliseconds", async (t2) => {
    const client = await openClient(t2, url("topics=music"));
    await publishText(server, "music", "one");
    const [{ data, isBinary }] = await client.next(1);
    assert.equal(isBinary, false);
    const { at, ...rest } = JSON.parse(data);
    assert.deepEqual(rest, { name: "message.created", topic: "music", body: { text: "one" } });
    assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 10_000);
  });

  await t.test("the topics parameter selects, and without it the client gets the lobby", async (t2) => {
    const both = await openClient(t2, url("topics=music,news"));
    const none = await openClient(t2, url());
    for (const [topic, text] of [["music", "a"], ["lobby", "b"], ["other", "c"], ["news", "d"], ["lobby", "e"]]) await publishText(server, topic, text);
    await both.next(2);
    await none.next(2);
    assert.deepEqual(texts(both), ["a", "d"]);
    assert.deepEqual(texts(none), ["b", "e"]);
  });

  await t.test("the required members of an event are checked; a body may be absent", async (t2) => {
    const client = await openClient(t2, url("topics=music"));
    for (const data of [{ topic: "music" }, { name: 1, topic: "music" }, { name: "x", topic: "music", body: "text" }, [1]]) await publish(server, { channel: "chat.a", data });
    await publish(server, { channel: "chat.a", data: { name: "last", topic: "music" } });
    const frames = (await client.next(1)).map(({ data }) => JSON.parse(data));
    assert.deepEqual(frames.map(({ name, body }) => [name, body]), [["last", null]]);
    assert.equal((await metrics(server)).sum("carillon_events_dropped_total", { reason: "requirement_failed" }), 4);
  });

  await t.test("refusals have the profile's own body", async () => {
    assert.deepEqual((await api(server, "GET", "/chat")).json, { error: "sign in first" });
    const bad = await api(server, "GET", "/chat?token=bad");
    assert.deepEqual([bad.status, bad.json], [401, { error: "sign in again" }]);
  });

  await t.test("its limits close: 1025 bytes with 1009, 1024 not, the 21st message with 1008", async (t2) => {
    const long = await openClient(t2, url());
    long.socket.send("x".repeat(1025));
    assert.equal((await within("closed", 5000, long.closed)).code, 1009);
    const many = await openClient(t2, url());
    for (let n = 0; n < 21; n += 1) many.socket.send("x".repeat(1024));
    assert.equal((await within("closed", 5000, many.closed)).code, 1008);
  });

  await t.test("metrics are labelled chat, and orion is served at the same time", async (t2) => {
    const client = await openClient(t2, server.ws("/ws", mintToken()));
    await publish(server, { channel: "orion.x", data: 1 });
    await client.next(1);
    assert.ok((await metrics(server)).sum("carillon_upgrades_total", { endpoint: "chat" }) > 0);
  });
});

test("every client receives its JSON ping, and none has to answer", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: FILE, "keepalive.frame": "200ms" }] });
  const raw = await openRaw(server.port, `/chat?topics=nothing&token=${mintToken()}`);
  t.after(() => raw.socket.destroy());
  await until("five pings", () => raw.frames.length >= 5);
  for (const frame of raw.frames) assert.deepEqual([frame.opcode, frame.payload.toString()], [OPCODE.text, '{"name":"ping"}']);
});

test("the page shows the whole file, and the check reports what an endpoint changes in it", async (t) => {
  const parts = new Page("your-own").fences("toml chat");
  const file = readFileSync(FILE, "utf8");
  assert.equal(file.slice(file.indexOf("\n") + 1), parts.join("\n"));
  const gateway = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(gateway, `[keys.a]\nsecret = { env = "CARILLON_JWT_SECRET" }\n[[endpoint]]\nprofile = "${FILE}"\nkeepalive.frame = "5s"\n`);
  const { stdout } = await carillon(["check", gateway]);
  assert.match(stdout, /note: endpoint chat: keepalive\.frame = 5s \(profile: 20s\)/);
});
