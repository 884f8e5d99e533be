// The judge itself: a ledger that cannot find a fault proves nothing.
import assert from "node:assert/strict";
import test from "node:test";

import { judge, judgeWithHoles, parsePrometheus, readOrionFrame } from "./harness.mjs";

test("a clean record has no fault", () => assert.deepEqual(judge([0, 1, 2], 0, 3), []));
test("a missing event is found", () => assert.deepEqual(judge([0, 2], 0, 3), ["missing 1"]));
test("a missing last event is found", () => assert.deepEqual(judge([0, 1], 0, 3), ["missing 2"]));
test("an event that came twice is found", () => assert.deepEqual(judge([0, 1, 1, 2], 0, 3), ["twice 1"]));
test("two events that changed places are found", () => assert.deepEqual(judge([0, 2, 1], 0, 3), ["out of order 1 after 2"]));
test("an event of nobody is found", () => assert.deepEqual(judge([0, 7, undefined, 1], 0, 2), ["foreign 7", "foreign undefined"]));
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
