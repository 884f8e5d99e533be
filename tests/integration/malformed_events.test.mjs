// Hostile brokers: bodies that are not valid JSON are dropped and counted and disturb no client; valid bodies are
// relayed byte for byte.
import assert from "node:assert/strict";
import test from "node:test";

import { METRIC, metrics, mintToken, openClient, startCarillon, startRedis, until } from "./harness.mjs";

const CHANNEL = "orion.content.created";
const MIB = 1024 * 1024;

const DROPPED = [
  ["nothing at all", ""],
  ["blanks only", " \n"],
  ["a word", "hello"],
  ["half an object", '{"a":1'],
  ["two values", "1 2"],
  ["a trailing comma", '{"a":1,}'],
  ["single quotes", "{'a':1}"],
  ["a leading zero", '{"a":01}'],
  ["NaN", '{"a":NaN}'],
  ["a comment", '{"a":1}//x'],
  ["a raw line feed in a string", '"a\nb"'],
  ["an unknown escape", '"\\x41"'],
  ["a NUL after the value", Buffer.from('{"a":1}\0')],
  ["a byte order mark", Buffer.from([0xef, 0xbb, 0xbf, 0x31])],
  ["an invalid byte", Buffer.from([0x22, 0xff, 0x22])],
  ["an overlong encoding", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ["an encoded surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ["a cut sequence", Buffer.from([0x22, 0xe2, 0x82, 0x22])],
  ["random bytes", Buffer.from(Array.from({ length: 512 }, (_, n) => (n * 197 + 91) & 255))],
  ["10 MiB of JSON", JSON.stringify("x".repeat(10 * MIB))],
  ["100,000 brackets", "[".repeat(100_000) + "]".repeat(100_000)],
];

const LONG_NUMBER = `${"9".repeat(100)}.${"1".repeat(100)}e+${"0".repeat(20)}5`;
const PASSED = [
  ["a number of 100 digits and more", `{"n":${LONG_NUMBER},"i":-${"8".repeat(100)}}`],
  ["a number alone", "0"],
  ["a negative zero", "-0.0e-00"],
  ["null", "null"],
  ["a string", '"hello"'],
  ["an array", "[1,2,[]]"],
  ["keys of an envelope, which is not unwrapped", '{"channel":"x","payload":{"a":1},"timestamp":"y"}'],
  ["blanks inside", '{ "a" :\t1 ,\r\n "b" : [ ] }'],
  ["duplicate keys", '{"a":1,"a":2}'],
  ["escapes as they were written", '{"a":"\\u0041\\/\\ud83d\\ude00\\n"}'],
  ["all kinds of UTF-8", '"ä€😀\u007f\u2028"'],
  ["500 KiB", JSON.stringify({ text: "y".repeat(500 * 1024) })],
];

test("malformed events disturb no client", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const client = await openClient(t, server.ws("/ws", mintToken()));
  const dropped = async () => (await metrics(server)).sum(METRIC.eventsDropped);

  for (const [name, body] of DROPPED) {
    await t.test(`dropped and counted once: ${name}`, async () => {
      const before = await dropped();
      const from = client.messages.length;
      await redis.publish(CHANNEL, body);
      await redis.publish(CHANNEL, '"after"');
      const messages = await client.next(from + 1);
      assert.equal(messages.length, from + 1);
      assert.match(messages.at(-1).data.toString(), /"payload":"after"/);
      await until("one more dropped event", async () => (await dropped()) === before + 1, { timeoutMs: 2000 });
    });
  }

  await t.test("dropped events were logged, each with its own reason", async () => {
    assert.ok(server.logs.some((log) => log.level === "warning" && JSON.stringify(log).includes(CHANNEL)));
    const reasons = (await metrics(server)).by(METRIC.eventsDropped, "reason");
    assert.deepEqual([reasons.invalid_json > 0, reasons.body_too_large], [true, 1], JSON.stringify(reasons));
  });

  for (const [name, body] of PASSED) {
    await t.test(`byte for byte: ${name}`, async () => {
      const from = client.messages.length;
      await redis.publish(CHANNEL, body);
      const { data, isBinary } = (await client.next(from + 1)).at(-1);
      assert.equal(isBinary, false);
      const [, payload] = /^\{"channel":"orion\.content\.created","payload":(.*),"timestamp":"[^"]{20}"\}$/s.exec(data.toString());
      assert.equal(payload, body);
    });
  }

  await t.test("a channel name that needs escaping arrives as it was", async () => {
    const from = client.messages.length;
    await redis.publish('orion.a"b\\c', "1");
    assert.equal(JSON.parse((await client.next(from + 1)).at(-1).data).channel, 'orion.a"b\\c');
  });

  await t.test("blanks around a value do not break the frame", async () => {
    const from = client.messages.length;
    await redis.publish(CHANNEL, ' \n{"a":1}\t ');
    assert.deepEqual(JSON.parse((await client.next(from + 1)).at(-1).data).payload, { a: 1 });
  });

  await t.test("the client is still connected", () => assert.equal(client.close, null));
});
