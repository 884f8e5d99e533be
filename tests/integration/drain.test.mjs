// SIGTERM: /ready answers 503 first, then clients are closed with 1001 evenly over the window while health and
// metrics keep answering; exit code 0 in time; a second signal exits at once.
import assert from "node:assert/strict";
import test from "node:test";

import {
  api, mintToken, openClient, openPool, openRaw, publish, rawExchange, startCarillon, startRedis, until, upgradeHead, within,
} from "./harness.mjs";

const CLIENTS = 400;
const WINDOW_S = 4;

test("drain", async (t) => {
  const server = await startCarillon(t, { server: { drain: `${WINDOW_S}s`, drain_rate: CLIENTS / WINDOW_S } });
  const token = mintToken();
  const pool = await openPool(t, { url: server.ws("/ws", token), count: CLIENTS, processes: 1 });
  assert.equal((await publish(server, { channel: "orion.last", data: { n: 0 } })).status, 200);
  const signalled = Date.now();
  server.signal("SIGTERM");

  await t.test("/ready 503, /health 503 shutting_down, /metrics answers", async () => {
    await until("/ready 503", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 1000 });
    const health = await api(server, "GET", "/health");
    assert.deepEqual([health.status, health.json.status], [503, "shutting_down"]);
    assert.equal((await api(server, "GET", "/metrics")).status, 200);
  });

  await t.test("C2: upgrades are refused with 503, before the token is looked at", async () => {
    for (const target of [`/ws?token=${token}`, "/ws"]) {
      const answer = await rawExchange(server.port, upgradeHead(target));
      assert.equal(answer.status, 503);
      assert.match(answer.headers["content-type"], /^application\/json/);
      assert.equal(answer.end, "fin");
    }
  });

  await t.test("it exits with 0 in time, and answers until then", async () => {
    let answers = 0;
    const asking = until("gone", async () => {
      const open = (await pool.progress()).open;
      if (open === 0) return true;
      const answer = await api(server, "GET", "/health").catch((error) => error);
      // Between our count and the question the last client may have gone, and the server with it.
      if (answer instanceof Error) assert.equal((await pool.progress()).open, 0, String(answer));
      else answers += 1;
      return false;
    }, { timeoutMs: (WINDOW_S + 3) * 1000, everyMs: 100 });
    const end = await within("carillon is gone", (WINDOW_S + 3) * 1000, server.exited);
    await asking;
    assert.equal(end.code, 0);
    assert.ok(answers > 5, `${answers} answers`);
  });

  const verdicts = await pool.judge(0, 1);
  await t.test("every client receives the last event, then 1001 with an empty reason", () => {
    for (const { faults, close } of verdicts) {
      assert.deepEqual([faults, close.code, close.reason], [[], 1001, ""]);
    }
  });

  await t.test("the closes are spread evenly over the window: peak second at most 1.3 times the mean", () => {
    const seconds = Array(WINDOW_S).fill(0);
    for (const { close } of verdicts) seconds[Math.min(WINDOW_S - 1, Math.floor((close.at - signalled) / 1000))] += 1;
    t.diagnostic(`closes a second: ${seconds}`);
    assert.ok(Math.max(...seconds) <= 1.3 * (CLIENTS / WINDOW_S), `closes a second: ${seconds}`);
  });
});

test("in drain_delay /ready is 503 and clients are served; then each gets the last frame with its hint, and 1001", async (t) => {
  const server = await startCarillon(t, {
    server: { drain_delay: "1500ms" },
    endpoints: [{ profile: "orion", "frames.drain": '{"reconnect_after_ms":$retry_ms}' }],
  });
  const early = await openClient(t, server.ws("/ws", mintToken()));
  const signalled = performance.now();
  server.signal("SIGTERM");
  await until("/ready 503", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 1000 });
  const late = await openClient(t, server.ws("/ws", mintToken()));
  assert.equal((await publish(server, { channel: "orion.x", data: { n: 0 } })).status, 200);
  for (const client of [early, late]) {
    const messages = await client.next(2);
    assert.equal((await client.closed).code, 1001);
    assert.deepEqual(JSON.parse(messages[0].data).payload, { n: 0 });
    assert.ok(messages[0].at < client.close.at);
    const hint = JSON.parse(messages[1].data).reconnect_after_ms;
    assert.ok(hint >= 1000 && hint <= 2000, `${hint}`);
    assert.ok(client.close.at - signalled >= 1400, `closed after ${Math.round(client.close.at - signalled)} ms`);
  }
  assert.equal((await within("gone", 3000, server.exited)).code, 0);
  const log = (message) => server.logs.find((line) => line.message === message);
  assert.deepEqual([log("draining").delay_ms, log("draining").connections], [1500, 1]);
  assert.equal(log("closing clients").connections, 2);
});

test("a second signal exits at once, also in drain_delay", async (t) => {
  const server = await startCarillon(t, { server: { drain_delay: "1h" } });
  server.expectedEnd = true;
  server.signal("SIGTERM");
  await until("draining", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 1000 });
  server.signal("SIGTERM");
  assert.equal((await within("gone", 1500, server.exited)).code, 130);
});

test("SIGINT drains too, and a server without clients exits at once", async (t) => {
  const server = await startCarillon(t, { server: { drain: "30s" } });
  server.signal("SIGINT");
  assert.equal((await within("gone", 3000, server.exited)).code, 0);
});

test("a second signal exits at once", async (t) => {
  const server = await startCarillon(t, { server: { drain: "30s", drain_rate: 1 } });
  server.expectedEnd = true;
  await openPool(t, { url: server.ws("/ws", mintToken()), count: 50, processes: 1 });
  server.signal("SIGTERM");
  await until("draining", async () => (await api(server, "GET", "/ready")).status === 503, { timeoutMs: 1000 });
  server.signal("SIGTERM");
  await within("gone", 1500, server.exited);
});

test("a client that does not answer the close frame does not delay the drain", async (t) => {
  const server = await startCarillon(t, { server: { drain: "1s" } });
  const raw = await openRaw(server.port, `/ws?token=${mintToken()}`);
  t.after(() => raw.socket.destroy());
  await openClient(t, server.ws("/ws", mintToken()));
  server.signal("SIGTERM");
  assert.equal((await within("gone", 8000, server.exited)).code, 0);
  assert.deepEqual([...raw.frames.at(-1).payload], [0x03, 0xe9], "close 1001 without a reason");
});

test("one client does not make the drain long: the window is as long as the clients need", async (t) => {
  const server = await startCarillon(t, { server: { drain: "30s" } });
  const client = await openRaw(server.port, `/ws?token=${mintToken()}`);
  client.socket.on("end", () => client.socket.end());
  const since = performance.now();
  server.signal("SIGTERM");
  assert.equal((await within("gone", 5000, server.exited)).code, 0);
  assert.deepEqual([...client.frames.at(-1).payload], [0x03, 0xe9], "close 1001 without a reason");
  assert.ok(performance.now() - since < 2000, `${Math.round(performance.now() - since)} ms`);
  assert.equal(server.logs.find((log) => log.message === "draining").window_ms, 2);
});

test("a window far too short for its clients still sends each of them a close frame", async (t) => {
  const server = await startCarillon(t, { server: { drain: "10ms" } });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: CLIENTS, processes: 1 });
  server.signal("SIGTERM");
  assert.equal((await within("gone", 5000, server.exited)).code, 0);
  await until("all closed", async () => (await pool.progress()).open === 0);
  for (const { close } of await pool.verdicts()) assert.deepEqual([close.code, close.reason], [1001, ""]);
});

test("requests that were accepted before SIGTERM are answered", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url } });
  await until("ready", async () => (await api(server, "GET", "/ready")).status === 200);
  redis.signal("SIGSTOP"); // so that all of them are in flight when the signal comes
  t.after(() => redis.signal("SIGCONT"));
  const answers = Array.from({ length: 50 }, (_, n) => publish(server, { channel: "orion.x", data: { n } }));
  await until("all are accepted", async () =>
    Number(/^carillon_http_requests_total (\d+)$/m.exec((await api(server, "GET", "/metrics")).text)[1]) >= 50);
  server.signal("SIGTERM");
  let refused = 0; // no client is left, so it refuses new connections; and it must still be there after that
  await until("it refuses connections", async () => {
    refused += await api(server, "GET", "/ready").then(() => 0, () => 1);
    return refused >= 15;
  });
  assert.equal(server.end, undefined, "it has left with requests in flight");
  redis.signal("SIGCONT");
  for (const { status, headers } of await Promise.all(answers)) {
    assert.deepEqual([status, headers.connection], [200, "close"]);
  }
  assert.equal((await within("gone", 5000, server.exited)).code, 0);
});

test("a busy publisher does not keep a gateway running whose clients have left", async (t) => {
  const server = await startCarillon(t);
  let ended = false;
  const statuses = new Set();
  const publishers = Array.from({ length: 10 }, async () => {
    while (!ended) {
      try {
        statuses.add((await publish(server, { channel: "orion.x", data: 1 })).status);
      } catch (error) {
        ended = ended || error.code === "ECONNREFUSED";
      }
    }
  });
  await until("it publishes", () => statuses.has(200));
  server.signal("SIGTERM");
  assert.equal((await within("gone", 2000, server.exited).finally(() => { ended = true; })).code, 0);
  await Promise.all(publishers);
  assert.deepEqual([...statuses], [200]);
});

test("SIGUSR1 and SIGUSR2 do not stop the gateway and are logged; SIGQUIT drains", async (t) => {
  const server = await startCarillon(t);
  const client = await openClient(t, server.ws("/ws", mintToken()));
  for (const name of ["SIGUSR1", "SIGUSR2"]) {
    server.signal(name);
    const line = await server.waitForLog(name, (log) => log.message === "signal ignored" && log.signal === name);
    assert.match(line.instead, /SIGTERM/);
  }
  assert.equal((await publish(server, { channel: "orion.x", data: { n: 0 } })).status, 200);
  await client.next(1);
  server.toldToLeave = true;
  server.signal("SIGQUIT");
  assert.equal((await within("gone", 5000, server.exited)).code, 0);
  assert.equal((await client.closed).code, 1001);
});
