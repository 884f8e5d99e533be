// The files of deploy/nginx, deploy/haproxy and deploy/caddy, run by the real proxies in front of two real gateways.
import assert from "node:assert/strict";
import test from "node:test";

import {
  API_KEY, CLIENT, PROXIES, carillon, fileOf, metrics, mintToken, pause, publish, startProxy, startRedis, until, within,
} from "./harness.mjs";

const TOKEN = mintToken();
const TARGET = `/ws?token=${TOKEN}`;
const UPGRADE = {
  Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const connections = async (gateway) => (await metrics(gateway)).sum("carillon_connections");

// What is behind the proxy and must not be reached through it, in every spelling that may be taken for another path.
const HIDDEN = [
  "/metrics", "/health", "/ready", "/v1/publish", "/v1/reload", "/api/streams", "//metrics", "/ws/../metrics", "/metrics/../ws",
  "/%6detrics", "/metrics?/ws", "/metrics;/ws", "/ws/metrics", "/./metrics",
];

// Connects a client every 50 ms until `done` resolves; resolves to how often it did, and to the errors.
async function keepConnecting(proxy, done) {
  const report = { attempts: 0, errors: [] };
  let running = true;
  const finished = done.finally(() => { running = false; });
  const waiting = [];
  while (running) {
    report.attempts += 1;
    waiting.push(proxy.request("GET", TARGET, { headers: UPGRADE }).then(
      ({ status, text }) => status === 101 || report.errors.push(`${status} ${text}`), (error) => report.errors.push(String(error))));
    await pause(50);
  }
  await Promise.all([finished, ...waiting]);
  return report;
}

async function inFrontOfTwoGateways(t, name) {
  const proxy = await startProxy(t, name, await startRedis(t));
  const [first, second] = proxy.gateways;
  const clients = [await proxy.open(t, TARGET, { "X-Forwarded-For": "192.0.2.9" }), await proxy.open(t, TARGET)];
  const quiet = await proxy.open(t, `/api/ws?token=${TOKEN}`);
  const opened = clients[0].pings.length;

  await t.test("clients over TLS receive what is published to one gateway, and both gateways have clients", async () => {
    assert.equal((await publish(first, { channel: "orion.x", data: { n: 1 } })).status, 200);
    for (const client of clients) assert.deepEqual(JSON.parse((await client.next(1))[0].data).payload, { n: 1 });
    for (const gateway of proxy.gateways) assert.ok((await connections(gateway)) > 0, `${gateway.port}`);
  });

  await t.test("the gateways know the client's address, whatever the client claims", () => {
    const logs = proxy.gateways.flatMap((gateway) => gateway.logs.filter(({ message }) => message === "client connected"));
    assert.deepEqual(logs.map(({ address }) => address), [CLIENT, CLIENT, CLIENT]);
  });

  await t.test("only the paths of the endpoints can be reached", async () => {
    for (const target of HIDDEN) {
      const answers = [
        await proxy.request("GET", target), await proxy.request("GET", target, { headers: UPGRADE }),
        await proxy.request("POST", target, {
          headers: { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" },
          body: '{"channel":"orion.x","data":1}',
        }),
      ];
      for (const { status, text } of answers) assert.ok([400, 404].includes(status), `${target}: ${status} ${text}`);
    }
  });

  await t.test("quiet clients stay open as long as the gateway pings them", async () => {
    await until("pings for longer than the proxy's timeout", () => clients[0].pings.length >= opened + 6, { timeoutMs: 15_000 });
    for (const client of clients) assert.deepEqual([client.close, client.messages.length], [null, 1]);
    if (PROXIES[name].cutsQuietClients) assert.equal((await within("the end without pings", 5000, quiet.closed)).code, 1006);
    else assert.equal(quiet.close, null);
  });

  await t.test("while one gateway drains, new clients reach the other, and none is refused", async (t) => {
    // As many as make the drain take its 2 s, at one client a second.
    for (let i = 0; i < 8; i += 1) await proxy.open(t, TARGET);
    first.signal("SIGTERM");
    const gone = first.exited.then(() => pause(500)); // and for a while when it is gone
    const { attempts, errors } = await keepConnecting(proxy, gone);
    assert.deepEqual(errors, []);
    assert.ok(attempts >= 10, `${attempts} attempts`);
    t.diagnostic(`${name}: ${attempts} attempts during the drain`);
    const codes = clients.map((client) => client.close?.code ?? "open").sort();
    assert.deepEqual(codes, [1001, "open"]);
    assert.ok((await connections(second)) > 0);
    // nginx asks no /ready: it gets the refusal and tries the other gateway.
    const refused = first.logs.some(({ reason }) => reason === "draining");
    assert.equal(refused, name === "nginx");
  });

  await t.test("no log of the proxy has a token, also when no gateway is left", async () => {
    second.expectedEnd = true;
    second.signal("SIGKILL");
    await second.exited;
    await until("a refusal", async () => [502, 503, 504].includes((await proxy.request("GET", TARGET, { headers: UPGRADE })).status));
    assert.ok(proxy.logs().includes(name === "Caddy" ? "/ws?REDACTED" : "/ws"));
    assert.ok(!proxy.logs().includes(TOKEN.slice(0, 20)));
  });
}

// At the same time: most of it is waiting.
test("in front of two gateways", { concurrency: 3 }, (t) =>
  Promise.all(Object.keys(PROXIES).map((name) => t.test(name, (t) => inFrontOfTwoGateways(t, name)))));

test("the proxies' timeouts are the sum of keepalive.ping and keepalive.timeout of the built-in protocols", async () => {
  const seconds = (text, key) => Number(new RegExp(`^${key} = "(\\d+)s"`, "m").exec(text)?.[1] ?? 0);
  const sums = [];
  for (const profile of ["orion", "service", "fluxora", "grimnir"]) {
    const { stdout } = await carillon(["profile", "show", profile]);
    const ping = Math.max(seconds(stdout, "ping"), seconds(stdout, "frame"));
    assert.ok(ping > 0, profile);
    sums.push(ping + seconds(stdout, "timeout"));
  }
  const numbers = [fileOf(PROXIES.nginx), fileOf(PROXIES.HAProxy)]
    .flatMap((text) => [...text.matchAll(/(?:proxy_read_timeout|proxy_send_timeout|timeout tunnel) (\d+)s/g)].map(([, number]) => Number(number)));
  assert.deepEqual(numbers, [90, 90, 90]);
  assert.equal(Math.max(...sums), 90);
});
