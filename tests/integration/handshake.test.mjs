// Refused upgrades: the exact status, body and content type, and a clean close. Each refusal adds one to exactly
// one counter.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, SAMPLE_ACCEPT, SECRET, api, badTokens, base64url, metrics, mintToken, nowSeconds, openClient, rawExchange,
  signParts, startCarillon, upgradeHead,
} from "./harness.mjs";

const MISSING = '{"message":"missing token"}';
const INVALID = '{"message":"invalid token"}';

async function refusals(server) {
  return (await metrics(server)).sum(METRIC.refusals);
}

// Sends a head and checks the whole refusal.
async function refused(server, head, status, body) {
  const before = await refusals(server);
  const answer = await rawExchange(server.port, head);
  assert.ok([status].flat().includes(answer.status), `status ${answer.status}, not ${status}: ${answer.body}`);
  if (body !== undefined) assert.equal(answer.body, body);
  assert.match(answer.headers["content-type"] ?? "", /^application\/json(;|$)/);
  assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(answer.body));
  assert.equal(typeof JSON.parse(answer.body), "object");
  // A 426 names the upgrade there too (RFC 9110 15.5.22).
  assert.ok((answer.headers.connection ?? "").toLowerCase().split(/, */).includes("close"));
  assert.equal(answer.end, "fin", "the connection closes cleanly");
  assert.equal(await refusals(server), before + 1, "one refusal is counted once");
  return answer;
}

async function accepted(server, head) {
  const answer = await rawExchange(server.port, head, { timeoutMs: 300 });
  assert.equal(answer.status, 101, answer.body);
  assert.equal(answer.end, "open");
  return answer;
}

const withToken = (token) => `/ws?token=${token}`;

test("handshake refusals", async (t) => {
  const server = await startCarillon(t);
  const good = mintToken();

  await t.test("a good token is upgraded, with the accept key of RFC 6455 1.3", async () => {
    const answer = await accepted(server, upgradeHead(withToken(good)));
    assert.equal(answer.headers["sec-websocket-accept"], SAMPLE_ACCEPT);
    assert.equal(answer.headers.upgrade.toLowerCase(), "websocket");
    assert.equal(answer.headers.connection.toLowerCase(), "upgrade");
    assert.equal(answer.headers["sec-websocket-extensions"], undefined);
    assert.equal(answer.headers["sec-websocket-protocol"], undefined);
  });

  await t.test("orion 5: no token, or an empty one", async () => {
    for (const target of ["/ws", "/ws?", "/ws?token", "/ws?token=", "/ws?other=1", `/ws?Token=${good}`]) {
      await refused(server, upgradeHead(target), 401, MISSING);
    }
  });

  await t.test("orion 5: a token in the Authorization header alone counts for nothing", async () => {
    await refused(server, upgradeHead("/ws", { Authorization: `Bearer ${good}` }), 401, MISSING);
    await refused(server, upgradeHead("/ws?token=bad", { Authorization: `Bearer ${good}` }), 401, INVALID);
  });

  for (const [name, token] of badTokens()) {
    await t.test(`orion 5: bad token: ${name}`, () => refused(server, upgradeHead(withToken(token)), 401, INVALID));
  }

  await t.test("C7: a repeated token is refused, whichever of the two is valid", async () => {
    for (const query of [`token=${good}&token=${good}`, `token=${good}&token=bad`, `token=bad&token=${good}`, `token=&token=${good}`]) {
      await refused(server, upgradeHead(`/ws?${query}`), 401);
    }
  });

  await t.test("C7: a query parameter is percent- and plus-decoded", async () => {
    await accepted(server, upgradeHead(withToken(good.replaceAll(".", "%2E"))));
    await accepted(server, upgradeHead(`/ws?to%6ben=${good}&x=a+b`));
    await refused(server, upgradeHead(withToken(`${good}+`)), 401, INVALID);
    await refused(server, upgradeHead(withToken("%zz")), 401);
  });

  await t.test("orion 6: exp and nbf count to the second, without leeway, and neither is required", async () => {
    await accepted(server, upgradeHead(withToken(mintToken({ exp: undefined, sub: undefined }))));
    await accepted(server, upgradeHead(withToken(mintToken({ nbf: nowSeconds() }))));
    await accepted(server, upgradeHead(withToken(mintToken({ iat: nowSeconds() + 60 }))));
    await accepted(server, upgradeHead(withToken(signParts('{"alg":"HS256"}', "{}"))));
    await refused(server, upgradeHead(withToken(mintToken({ exp: nowSeconds() }))), 401, INVALID);
  });

  await t.test("a jku, x5u or jwk in the header is ignored, never followed", async () => {
    const jwk = { kty: "oct", k: base64url("attacker-secret-0123456789abcdefghij") };
    const header = { jwk, jku: "http://127.0.0.1:1/keys", x5u: "http://127.0.0.1:1/cert" };
    await accepted(server, upgradeHead(withToken(mintToken({}, { secret: SECRET, header }))));
    await refused(server, upgradeHead(withToken(mintToken({}, { secret: "attacker-secret-0123456789abcdefghij", header }))), 401, INVALID);
  });

  await t.test("C2: a wrong path is 404, before everything else", async () => {
    for (const target of ["/", "/wsx", "/ws/", "/WS", "/api/ws", "/echo"]) {
      await refused(server, upgradeHead(`${target}?token=${good}`), 404);
    }
    await refused(server, upgradeHead("/nowhere", {}, { method: "POST" }), 404);
  });

  await t.test("C2: another method is 405, before the token", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const answer = await refused(server, upgradeHead("/ws", {}, { method }), 405);
      assert.match(answer.headers.allow ?? "", /GET/);
    }
  });

  await t.test("C2: the token is judged before the upgrade headers", async () => {
    await refused(server, upgradeHead("/ws", { "Sec-WebSocket-Version": "8" }), 401, MISSING);
    await refused(server, upgradeHead("/ws?token=bad", { "Sec-WebSocket-Key": null }), 401, INVALID);
  });

  await t.test("a bad version is 426 or 400 and names 13", async () => {
    for (const version of [null, "", "8", "12", "14", "013", "x", ["13", "8"]]) {
      const answer = await refused(server, upgradeHead(withToken(good), { "Sec-WebSocket-Version": version }), [400, 426]);
      assert.equal(answer.headers["sec-websocket-version"], "13", `version ${version}`);
    }
  });

  await t.test("a bad key is 400", async () => {
    for (const key of [null, "", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSE=", "!GhlIHNhbXBsZSBub25jZQ=="]) {
      await refused(server, upgradeHead(withToken(good), { "Sec-WebSocket-Key": key }), 400);
    }
  });

  await t.test("a bad Upgrade or Connection is 400 or 426", async () => {
    const bad = [{ Upgrade: null }, { Upgrade: "h2c" }, { Upgrade: "websockets" }, { Connection: null }, { Connection: "close" }, { Connection: "keep-alive" }];
    for (const headers of bad) await refused(server, upgradeHead(withToken(good), headers), [400, 426]);
  });

  await t.test("orion 5: a plain GET without a token is 401, with a good one 426", async () => {
    const plain = { Upgrade: null, Connection: null, "Sec-WebSocket-Key": null, "Sec-WebSocket-Version": null };
    await refused(server, upgradeHead("/ws", plain), 401, MISSING);
    await refused(server, upgradeHead("/ws?token=bad", plain), 401, INVALID);
    const answer = await refused(server, upgradeHead(withToken(good), plain), [400, 426]);
    assert.equal(answer.headers["sec-websocket-version"], "13");
    if (answer.status === 426) assert.equal(answer.headers.upgrade?.toLowerCase(), "websocket");
  });

  await t.test("lists, case and a body of length 0 in the upgrade's headers are fine", async () => {
    await accepted(server, upgradeHead(withToken(good), { Connection: "keep-alive, Upgrade" }));
    await accepted(server, upgradeHead(withToken(good), { Upgrade: "WebSocket", Connection: "upgrade" }));
    await accepted(server, upgradeHead(withToken(good), { "Content-Length": "0" }));
    await accepted(server, upgradeHead(withToken(good), { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x" }));
  });

  await t.test("C3: any Origin, and none, is accepted", async () => {
    for (const origin of ["http://localhost:8000", "https://elsewhere.example", "null"]) {
      await accepted(server, upgradeHead(withToken(good), { Origin: origin }));
    }
  });

  await t.test("C5: one token may hold many connections", async (t2) => {
    for (let n = 0; n < 20; n += 1) await openClient(t2, server.ws("/ws", good));
  });

  await t.test("heads over the limits: 414, 431", async () => {
    await refused(server, upgradeHead(`/ws?x=${"a".repeat(9000)}`), 414);
    await refused(server, upgradeHead(withToken(mintToken({ filler: "x".repeat(8 * 1024) }))), 414);
    await refused(server, upgradeHead("/ws", { "X-Long": "a".repeat(17_000) }), 431);
    await refused(server, upgradeHead("/ws", Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`X-${n}`, "1"]))), 431);
  });

  await t.test("malformed heads are 400, and a connection without any head does not affect others", async () => {
    const host = "Host: x\r\n";
    for (const head of [
      `GET /ws HTTP/1.1\r\nHost : x\r\n\r\n`, `GET /ws HTTP/1.1\r\n${host}${host}\r\n`, "GET /ws HTTP/1.1\r\n\r\n",
      `GET /ws HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, `GET /ws HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`,
      `GET  /ws HTTP/1.1\r\n${host}\r\n`, `GET /w\x01s HTTP/1.1\r\n${host}\r\n`, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]) {
      const answer = await rawExchange(server.port, Buffer.from(head, "latin1"));
      assert.ok([400, 404, 405, 505].includes(answer.status), `${JSON.stringify(head)} got ${answer.status}`);
      assert.equal(answer.end, "fin");
    }
    assert.equal((await api(server, "GET", "/health")).status, 200);
  });
});

test("a head that drips is cut at the handshake timeout", async (t) => {
  const server = await startCarillon(t, { server: { handshake_timeout: "500ms" } });
  const started = performance.now();
  const { Socket } = await import("node:net");
  const socket = new Socket().connect(server.port, "127.0.0.1");
  const drip = setInterval(() => socket.write("X"), 100);
  t.after(() => { clearInterval(drip); socket.destroy(); });
  await new Promise((resolve) => { socket.on("error", resolve); socket.on("close", resolve); socket.resume(); });
  const took = performance.now() - started;
  assert.ok(took >= 400 && took < 5000, `closed after ${Math.round(took)} ms`);
});
