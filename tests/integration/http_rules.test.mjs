// Rules of HTTP that a client or a proxy in front relies on (RFC 9110, RFC 9112), with the real binary.
import assert from "node:assert/strict";
import test from "node:test";

import { api, rawExchange, startCarillon, upgradeHead } from "./harness.mjs";

const get = (target, lines = "") => `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`;

test("HTTP rules", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion" }, { profile: "fluxora" }] });
  const ask = (bytes) => rawExchange(server.port, bytes);

  await t.test("every answer has a Date (RFC 9110 6.6.1)", async () => {
    for (const target of ["/health", "/metrics", "/nowhere", "/ws", "/../x"]) {
      const { headers } = await ask(get(target));
      assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 60_000, `${target}: ${headers.date}`);
      assert.match(headers.date, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    }
  });

  await t.test("a target in absolute form is served (RFC 9112 3.2.2)", async () => {
    assert.equal((await ask(get("http://x/health"))).status, 200);
    assert.equal((await ask(get("http://x/nowhere"))).status, 404);
    assert.equal((await ask(get("http://user:password@x/health"))).status, 400);
  });

  await t.test("a Host that is no host is refused (RFC 9110 7.2)", async () => {
    for (const host of ["x:bc", "[::1", "x:99999", "a b"]) {
      assert.equal((await ask(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status, 400, host);
    }
    assert.equal((await ask("GET /health HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n")).status, 200);
  });

  await t.test("a hidden path has no second spelling", async () => {
    for (const target of ["/%68ealth", "/%72eady", "/metric%73", "/v1/%70ublish", "/api/%73treams", "/%77s"]) {
      assert.equal((await ask(get(target))).status, 404, target);
    }
  });

  await t.test("a GET with a small body is served", async () => {
    const withBody = (bytes) => `${get("/health", `Content-Length: ${bytes}\r\n`)}${"x".repeat(bytes)}`;
    assert.equal((await ask(withBody(5))).status, 200);
    assert.equal((await ask(withBody(4096))).status, 200);
    assert.equal((await ask(get("/health", "Content-Length: 4097\r\n"))).status, 413);
  });

  await t.test("a body after a broken last chunk is not answered as a request", async () => {
    const inner = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    const { status, body } = await ask(
      "GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nXX" +
      `POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
    assert.equal(status, 400);
    assert.ok(!body.includes("carillon_build_info"), body);
  });

  await t.test("a 401 carries a challenge (RFC 9110 15.5.2)", async () => {
    for (const target of ["/ws", "/ws?token=bad"]) {
      const { status, headers } = await ask(upgradeHead(target));
      assert.deepEqual([status, headers["www-authenticate"]], [401, "Bearer"]);
    }
  });

  await t.test("a page of another site cannot use a route without a key", async () => {
    const cancel = (headers) => api(server, "POST", "/api/streams/42/cancel", { headers });
    assert.equal((await cancel({ Origin: "https://evil.example" })).status, 403);
    assert.equal((await cancel({ "Sec-Fetch-Site": "cross-site" })).status, 403);
    assert.equal((await cancel({ Origin: `http://127.0.0.1:${server.port}` })).status, 200);
    assert.equal((await cancel({})).status, 200);
  });
});
