// POST /v1/publish: who may publish, what it answers, and that data reaches clients byte for byte.
import assert from "node:assert/strict";
import test from "node:test";

import {
  API_KEY, api, metrics, mintToken, openClient, publish, rawExchange, startCarillon, startRedis, until,
} from "./harness.mjs";

const EVENT = { channel: "orion.content.created", data: { n: 1 } };

test("publish API on the in-process bus", async (t) => {
  const server = await startCarillon(t);
  const client = await openClient(t, server.ws("/ws", mintToken()));

  await t.test("one event", async () => {
    const answer = await publish(server, EVENT);
    assert.deepEqual([answer.status, answer.json.published], [200, 1]);
    assert.match(answer.headers["content-type"], /^application\/json/);
    const [message] = await client.next(1);
    assert.deepEqual(JSON.parse(message.data).payload, { n: 1 });
  });

  await t.test("an array, in order", async () => {
    const from = client.messages.length;
    const answer = await publish(server, Array.from({ length: 100 }, (_, n) => ({ channel: `orion.c${n % 7}`, data: n })));
    assert.deepEqual([answer.status, answer.json.published], [200, 100]);
    const messages = (await client.next(from + 100)).slice(from);
    assert.deepEqual(messages.map((message) => JSON.parse(message.data).payload), Array.from({ length: 100 }, (_, n) => n));
  });

  await t.test("a channel that no endpoint carries is named in the answer, still 200, and counted", async () => {
    const answer = await publish(server, [EVENT, { channel: "oriom.x", data: 1 }, { channel: "oriom.x", data: 2 }]);
    assert.deepEqual([answer.status, answer.json], [200, { published: 3, unrouted: ["oriom.x"] }]);
    assert.match((await api(server, "GET", "/metrics")).text, /^carillon_publish_unrouted_total 2$/m);
    assert.deepEqual((await publish(server, EVENT)).json, { published: 1 });
  });

  await t.test("a 401 and a 400 leave a log line each and a counter by reason", async () => {
    assert.equal((await publish(server, EVENT, { Authorization: "Bearer wrong-key-0123456789" })).status, 401);
    assert.equal((await publish(server, "{")).status, 400);
    for (const [reason, status] of [["key", 401], ["body", 400]]) {
      const line = await server.waitForLog(reason, (log) => log.message === "request refused" && log.reason === reason);
      assert.deepEqual([line.status, line.target], [status, "/v1/publish"]);
    }
    assert.ok(!JSON.stringify(server.logs).includes("wrong-key-0123456789"));
    assert.match((await api(server, "GET", "/metrics")).text, /^carillon_publish_refusals_total\{reason="key"\} 1$/m);
  });

  await t.test("an empty array publishes nothing", async () => {
    const answer = await publish(server, "[]");
    assert.ok(answer.status === 400 || answer.json.published === 0, answer.text);
  });

  await t.test("data arrives byte for byte", async () => {
    const data = `{ "n" : ${"7".repeat(100)}.50e+0,\t"s":"\\u0041\\/é", "a": [ ] , "a":1}`;
    const from = client.messages.length;
    assert.equal((await publish(server, `{"channel":"orion.x", "data": ${data} }`)).status, 200);
    assert.match((await client.next(from + 1)).at(-1).data.toString(), /./);
    assert.ok(client.messages.at(-1).data.toString().includes(`"payload":${data},"timestamp"`));
  });

  await t.test("401 without a key, with a wrong one, with one in another scheme or in the URL", async () => {
    const body = JSON.stringify(EVENT);
    const attempts = [
      [{}, ""], [{ Authorization: "" }, ""], [{ Authorization: "Bearer" }, ""], [{ Authorization: `Bearer ${API_KEY}x` }, ""],
      [{ Authorization: `Bearer ${API_KEY.slice(0, -1)}` }, ""], [{ Authorization: `Basic ${API_KEY}` }, ""],
      [{ Authorization: API_KEY }, ""], [{}, `?api_key=${API_KEY}`], [{}, `?key=${API_KEY}`], [{}, `?token=${API_KEY}`],
    ];
    for (const [headers, query] of attempts) {
      const answer = await api(server, "POST", `/v1/publish${query}`, { headers: { "Content-Type": "application/json", ...headers }, body });
      assert.equal(answer.status, 401, `${JSON.stringify(headers)} ${query}: ${answer.text}`);
      assert.ok(!answer.text.includes(API_KEY));
    }
  });

  await t.test("a client's token is no API key", async () => {
    assert.equal((await publish(server, EVENT, { Authorization: `Bearer ${mintToken()}` })).status, 401);
  });

  await t.test("400 for a body that is not an event, with a message that helps", async () => {
    const bad = [
      "", "x", "{", "1", "null", '"x"', "{}", '{"channel":"orion.x"}', '{"data":1}', '{"channel":1,"data":1}',
      '{"channel":"","data":1}', '{"channel":"a\\u0000b","data":1}', '{"channel":"a\\r\\nb","data":1}',
      `{"channel":"${"c".repeat(256)}","data":1}`, '{"channel":"orion.x","data":01}', '{"channel":"orion.x","data":}',
      '[{"channel":"orion.x","data":1},{}]', '[1]', '{"channel":"orion.x","data":1} x', Buffer.from('{"channel":"orion.\xff","data":1}', "latin1"),
    ];
    const from = client.messages.length;
    for (const body of bad) {
      const answer = await publish(server, body);
      assert.equal(answer.status, 400, `${body}: ${answer.text}`);
      assert.ok(answer.json);
    }
    // All or nothing: the good first element of the bad array was not published either.
    await publish(server, EVENT);
    await client.next(from + 1);
    assert.equal(client.messages.length, from + 1);
  });

  await t.test("a channel of 255 bytes is fine", async () => {
    assert.equal((await publish(server, { channel: "c".repeat(255), data: 1 })).status, 200);
  });

  await t.test("413 for a body over the limit, declared or chunked, and the server lives", async () => {
    const large = JSON.stringify({ channel: "orion.x", data: "x".repeat(1024 * 1024) });
    const declared = await rawExchange(server.port,
      `POST /v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`);
    assert.equal(declared.status, 413);
    const sent = await rawExchange(server.port, Buffer.concat([
      Buffer.from(`POST /v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n`),
      Buffer.from(`${large}\r\n0\r\n\r\n`)]));
    // A server that stops reading may reset before its answer is read; if there is one, it is 413.
    assert.ok(sent.status === 413 || sent.end === "reset", `${sent.status} ${sent.end}`);
    assert.equal((await publish(server, EVENT)).status, 200);
  });

  await t.test("a batch over the limit is refused whole", async () => {
    const batch = (count, data) => Array.from({ length: count }, () => ({ channel: "orion.batch", data }));
    assert.equal((await publish(server, batch(1001, "over"))).status, 413);
    assert.equal((await publish(server, batch(1000, "within"))).status, 200);
    const arrived = () => client.messages.map(({ data }) => JSON.parse(data)).filter(({ channel }) => channel === "orion.batch");
    await until("the batch", () => arrived().length >= 1000);
    assert.deepEqual(new Set(arrived().map(({ payload }) => payload)), new Set(["within"]));
  });

  await t.test("a chunked body within the limit is fine", async () => {
    const body = JSON.stringify(EVENT);
    const answer = await rawExchange(server.port,
      `POST /v1/publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${API_KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`);
    assert.equal(answer.status, 200, answer.body);
  });

  await t.test("another method is 405, an unknown path 404", async () => {
    assert.equal((await api(server, "GET", "/v1/publish", { headers: { Authorization: `Bearer ${API_KEY}` } })).status, 405);
    assert.equal((await api(server, "GET", "/v1/nothing")).status, 404);
  });

  // Regression: one request of a connection was served in two turns of the loop, whatever was pipelined.
  await t.test("two hundred pipelined requests are answered in order, and their events arrive in order", async () => {
    const from = client.messages.length;
    const requests = Array.from({ length: 200 }, (_, n) => {
      const body = JSON.stringify({ channel: "orion.pipelined", data: n });
      return `POST /v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    });
    const last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const answer = await rawExchange(server.port, requests.join("") + last, { timeoutMs: 10_000 });
    assert.equal(answer.end, "fin");
    assert.equal((answer.body.match(/\{"published":1\}/g) ?? []).length, 200);
    const messages = (await client.next(from + 200)).slice(from);
    assert.deepEqual(messages.map(({ data }) => JSON.parse(data).payload), Array.from({ length: 200 }, (_, n) => n));
  });

  // Regression: eight were answered, the last of them with keep-alive, and then the connection was closed.
  await t.test("twenty pipelined GET /metrics have twenty answers, and the connection stays open", async () => {
    const answer = await rawExchange(server.port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20), { timeoutMs: 1000 });
    assert.equal(answer.end, "open");
    assert.equal((answer.body.match(/^carillon_build_info/gm) ?? []).length, 20);
    assert.ok(!/Connection: close/i.test(answer.body));
  });

  await t.test("requests share a kept-alive connection", async () => {
    const one = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    const answer = await rawExchange(server.port, `${one}${one}${one.replace("Host", "Connection: close\r\nHost")}`);
    assert.equal(answer.end, "fin");
    assert.equal((answer.body.match(/HTTP\/1\.1 200/g) ?? []).length, 2, "three answers on one connection");
  });
});

test("publish API on Redis", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  const client = await openClient(t, server.ws("/ws", mintToken()));

  await t.test("an event goes through Redis to clients", async () => {
    assert.equal((await publish(server, EVENT)).status, 200);
    await client.next(1);
  });

  await t.test("503 and Retry-After when Redis is down: nothing acknowledged and lost", async () => {
    await redis.kill();
    const answer = await publish(server, EVENT);
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
  });

  await t.test("200 again when it is back", async () => {
    await redis.start();
    await until("200", async () => (await publish(server, EVENT)).status === 200, { timeoutMs: 6000, everyMs: 50 });
  });
});

test("without an API key publishing is forbidden", async (t) => {
  const { configText } = await import("./harness.mjs");
  const text = configText().replace(/\[api\]\n.*\n/, "");
  const server = await startCarillon(t, { text, env: { CARILLON_API_KEY: undefined } });
  assert.equal((await publish(server, EVENT)).status, 403);
});

test("an address that tries many API keys is slowed, and its connections are closed", async (t) => {
  const server = await startCarillon(t);
  const attempt = (key) => rawExchange(server.port, "POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" +
    `Content-Type: application/json\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  for (let n = 0; n < 20; ++n) {
    const again = await attempt("one-outdated-key");
    assert.deepEqual([again.status, again.end], [401, "fin"], "the same wrong key is one guess, and closes");
  }
  for (let n = 1; n < 10; ++n) assert.equal((await attempt(`guess-${n}`)).status, 401);
  for (const key of ["guess-11", API_KEY]) {
    const refused = await attempt(key);
    assert.deepEqual([refused.status, refused.end], [429, "fin"]);
    assert.ok(Number(refused.headers["retry-after"]) >= 1);
  }
  const { sum } = await metrics(server);
  assert.deepEqual([sum("carillon_wrong_api_keys_total"), sum("carillon_wrong_api_key_refusals_total")], [29, 2]);
});
