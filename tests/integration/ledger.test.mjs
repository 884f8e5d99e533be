// Tests of the ledger itself: a checker that finds no fault proves nothing unless it can find one.
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";

import { WebSocketServer } from "ws";

import {
  FOUR_PROTOCOLS, GO_CLIENT, buildGoClient, judge, judgeFrames, judgeWithHoles, parsePrometheus, readOrionFrame, run,
} from "./harness.mjs";

test("a clean record has no fault", () => assert.deepEqual(judge([0, 1, 2], 0, 3), []));
test("a missing event is found", () => assert.deepEqual(judge([0, 2], 0, 3), ["missing 1"]));
test("a missing last event is found", () => assert.deepEqual(judge([0, 1], 0, 3), ["missing 2"]));
test("an event that came twice is found", () => assert.deepEqual(judge([0, 1, 1, 2], 0, 3), ["twice 1"]));
test("two events that changed places are found", () => assert.deepEqual(judge([0, 2, 1], 0, 3), ["out of order 1 after 2"]));
test("an event that was never published is found", () => assert.deepEqual(judge([0, 7, undefined, 1], 0, 2), ["foreign 7", "foreign undefined"]));
test("a record with holes may skip but not go back", () => {
  assert.deepEqual(judgeWithHoles([0, 1, 5, 6]), []);
  assert.deepEqual(judgeWithHoles([0, 1, 1, 0]), ["1 after 1", "0 after 1"]);
});
test("an orion frame has three keys, in text, and a time in seconds", () => {
  const good = '{"channel":"orion.x","payload":{"n":1},"timestamp":"2026-01-01T00:00:00Z"}';
  assert.equal(readOrionFrame(good, false).frame.payload.n, 1);
  assert.ok(readOrionFrame(good, true).fault);
  assert.ok(readOrionFrame(good.replace("00Z", "00.5Z"), false).fault);
  assert.ok(readOrionFrame(good.replace('"channel"', '"type"'), false).fault);
  assert.ok(readOrionFrame("{", false).fault);
});
test("Prometheus text is read with its labels", () => {
  const samples = parsePrometheus('# HELP a b\na 1\nb_total{x="y",z="q\\"\\n"} 2.5\nc{le="+Inf"} +Inf\n');
  assert.deepEqual(samples[1], { name: "b_total", labels: { x: "y", z: 'q"\n' }, value: 2.5 });
  assert.throws(() => parsePrometheus("not a sample"));
});

const frames = {
  orion: (n) => `{"channel":"orion.x","payload":{"protocol":"orion","stream":"s","n":${n},"at":1},"timestamp":"2026-01-01T00:00:00Z"}`,
  service: (n) => `{"type":"notification","data":{"protocol":"service","stream":"s","n":${n},"at":1},"timestamp":"2026-01-01T00:00:00Z"}`,
  fluxora: (n) => `{"event":"stream.updated","streamId":"s","payload":{"protocol":"fluxora","stream":"s","n":${n},"at":1},"timestamp":"2026-01-01T00:00:00.000Z"}`,
  grimnir: (n) => `{"type":"health","payload":{"protocol":"grimnir","stream":"s","n":${n},"at":1}}`,
};

for (const [protocol, frame] of Object.entries(frames)) {
  test(`a ${protocol} frame matches its own protocol to the byte, and no other`, () => {
    const faults = (...texts) => judgeFrames(protocol, texts, ["s"], 2).length;
    assert.equal(faults(frame(0), frame(1)), 0);
    assert.ok(faults(frame(0)), "lost");
    assert.ok(faults(frame(0), frame(0), frame(1)), "twice");
    assert.ok(faults(frame(1), frame(0)), "out of order");
    assert.ok(faults(frame(0), frame(1), frame(1).replace('"s"', '"t"')), "a stream it did not ask for");
    assert.ok(faults(frame(0), frame(1), '{"type":"error"}'), "an error");
    for (const [other, foreign] of Object.entries(frames)) if (other !== protocol) assert.ok(faults(frame(0), frame(1), foreign(0)), other);
    for (const [from, to] of [[":", ": "], ["}", ',"more":1}'], ["{", '{"more":1,'], [`"${protocol}"`, '"other"']]) {
      assert.ok(faults(frame(0), frame(1).replace(from, to)), to);
    }
  });
}

test("the Go swarm finds lost, repeated and foreign events, and closed clients", async (t) => {
  await buildGoClient();
  const { orion, grimnir } = frames;
  // What the first, second … client is sent.
  const stories = [
    [orion(0), orion(1), orion(2)], [orion(0), orion(2)], [orion(0), orion(1), orion(1), orion(2)], [orion(0), orion(1)],
    [orion(0), orion(1), orion(2), grimnir(0)],
  ];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  await once(server, "listening");
  server.on("connection", (socket) => {
    const story = stories.shift() ?? [];
    for (const frame of story) socket.send(frame);
    if (story.length === 0) socket.close(1008);
  });
  const { event, quiet } = FOUR_PROTOCOLS.orion;
  const group = { protocol: "orion", url: `ws://127.0.0.1:${server.address().port}/`, count: 6, event: event.replaceAll("(?<", "(?P<"), quiet, streams: ["s"] };
  const { code, stdout, stderr } = await run(GO_CLIENT, ["swarm"], { input: `${JSON.stringify({ groups: [group], patience: 1 })}\n{"orion s":3}\n`, timeoutMs: 60_000 });
  assert.equal(code, 0, stderr);
  const [{ clients, lost, duplicated, foreign, closed, received }] = JSON.parse(stdout.split("\n")[1]);
  assert.deepEqual({ clients, lost, duplicated, foreign, closed, received },
    { clients: 6, lost: 5, duplicated: 1, foreign: 1, closed: 1, received: 14 });
});
