// Logs: one JSON object per line, and no token, key or secret in any line.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import {
  API_KEY, SECRET, api, badTokens, metrics, mintToken, openClient, publish, rawExchange, startCarillon, startRedis,
  upgradeHead,
} from "./harness.mjs";

const REDIS_PASSWORD = "p@ss:w/rd-redis-0123";

test("logs", async (t) => {
  const redis = await startRedis(t);
  await redis.command([["CONFIG", "SET", "requirepass", REDIS_PASSWORD]]);
  t.after(() => redis.kill());
  const url = `redis://:${encodeURIComponent(REDIS_PASSWORD)}@127.0.0.1:${redis.port}/0`;
  const server = await startCarillon(t, { bus: { url }, extra: '[log]\nlevel = "debug"' });
  const secrets = [SECRET, API_KEY, REDIS_PASSWORD, encodeURIComponent(REDIS_PASSWORD)];
  const texts = []; // other responses of the server

  // Every way that a request can carry a token or a key.
  const good = mintToken();
  const client = await openClient(t, server.ws("/ws", good), { headers: { Authorization: `Bearer ${good}`, Cookie: `token=${good}` } });
  secrets.push(...good.split(".").slice(1));
  for (const [, token] of badTokens().filter(([, value]) => value.split(".").length === 3)) {
    texts.push((await rawExchange(server.port, upgradeHead(`/ws?token=${token}`))).body);
    secrets.push(...token.split(".").slice(1).filter((part) => part.length > 10));
  }
  const marked = "never-logged-0123456789";
  secrets.push(marked);
  for (const target of [
    `/ws?token=${marked}`, `/ws?access_token=${marked}`, `/nowhere?api_key=${marked}&x=1`, `/ws?refresh_token=${marked}`,
    `/ws?token=%zz${marked}`, `/nowhere?jwt=${marked}`, `/ws/?key=${marked}`, `/v1/publish?secret=${marked}`, `/ws?x=%&token=${marked}`, `/ws?TOKEN=${marked}`, `/ws?to%6ben=${marked}`, `/ws?token=a&token=${marked}`,
  ]) texts.push((await rawExchange(server.port, upgradeHead(target, { Authorization: `Bearer ${marked}` }))).body);
  texts.push((await rawExchange(server.port, `GET /ws?token=${marked} HTTP/1.1\r\nHost : x\r\n\r\n`)).body);
  texts.push((await publish(server, { channel: "orion.x", data: 1 })).text);
  texts.push((await publish(server, "{", { Authorization: `Bearer ${marked}` })).text);
  texts.push((await api(server, "POST", `/v1/publish?key=${marked}`, { body: "{}" })).text);
  client.socket.close(1000);
  await client.closed;
  texts.push((await metrics(server)).text, (await api(server, "GET", "/health")).text);
  await redis.kill();
  await server.waitForLog("the bus is down", (log) => /bus|redis/i.test(JSON.stringify(log)) && ["warning", "error"].includes(log.level));
  texts.push((await api(server, "GET", "/health")).text, readFileSync(`/proc/${server.pid}/cmdline`, "latin1"));
  await server.stop();

  await t.test("each line of stderr is one JSON object with level, message and timestamp", () => {
    assert.deepEqual(server.badLines, []);
    assert.ok(server.logs.length >= 3);
    for (const log of server.logs) {
      assert.match(log.level, /^(debug|info|warning|error)$/);
      assert.equal(typeof log.message, "string");
      assert.ok(Math.abs(Date.parse(log.timestamp) - Date.now()) < 600_000, `timestamp ${log.timestamp}`);
    }
  });

  await t.test("stdout stays empty", () => assert.deepEqual(server.process.lines.stdout, []));

  await t.test("C6: no token, key or secret in a log, an error body, a metric, health or the command line", () => {
    const everything = `${server.process.lines.stderr.join("\n")}\n${texts.join("\n")}`;
    for (const secret of secrets) assert.ok(!everything.includes(secret), `found ${secret}`);
  });

  await t.test("C6: hidden values are shown as REDACTED where a target is logged", () => {
    const targets = server.logs.filter((log) => JSON.stringify(log).includes("token="));
    for (const log of targets) assert.match(JSON.stringify(log), /REDACTED/);
  });

  await t.test("a start and an end are logged", () => {
    assert.ok(server.logs.some((log) => log.message === "ready" && typeof log.listen === "string"));
  });
});

test("C6: a token in a parameter or header of auth.sources is in no log line, whatever refuses the request", async (t) => {
  const endpoint = { profile: "orion", "auth.sources": ["query:ticket", "header:X-Ticket"], "limits.connections": 1, origins: ["https://a.example"] };
  const server = await startCarillon(t, { endpoints: [endpoint] });
  const ticket = `hide-me-${"0123456789".repeat(3)}`;
  const query = `?ticket=${ticket}`;
  const refused = async (reason, head) => {
    await rawExchange(server.port, head);
    await server.waitForLog(reason, (log) => log.message === "request refused" && log.reason === reason);
  };
  await refused("not_found", upgradeHead(`/nowhere${query}`));
  await refused("origin", upgradeHead(`/ws${query}`, { Origin: "https://evil.example", "X-Ticket": ticket }));
  await refused("token_invalid", upgradeHead(`/ws${query}`, { Origin: "https://a.example" }));
  await refused("not_an_upgrade", `GET /ws?ticket=${mintToken()}&a=${query} HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n`);
  await refused("method_not_allowed", upgradeHead(`/ws${query}`, {}, { method: "POST" }));
  await openClient(t, server.ws(`/ws?ticket=${mintToken()}`), { headers: { Origin: "https://a.example" } });
  await refused("endpoint_full", upgradeHead(`/ws${query}`, { Origin: "https://a.example" }));
  assert.ok(!server.process.lines.stderr.join("\n").includes(ticket));
});

test("a log pipe that is not read never stalls the gateway", async (t) => {
  const server = await startCarillon(t, { extra: '[log]\nlevel = "debug"' });
  server.process.child.stderr.pause();
  for (let n = 0; n < 3000; n += 1) {
    const { status } = await api(server, "GET", `/nowhere?${"x".repeat(200)}`);
    if (status !== 404) assert.equal(status, 404);
  }
  const client = await openClient(t, server.ws("/ws", mintToken()));
  assert.equal((await publish(server, { channel: "orion.x", data: 1 })).status, 200);
  await client.next(1);
  server.process.child.stderr.resume();
});
