// Gateways whose keys are a set that they fetch, and upgrades with tokens.
import assert from "node:assert/strict";

import { configText, startCarillon } from "./carillon.mjs";
import { openClient } from "./clients.mjs";
import { rawExchange, upgradeHead } from "./http.mjs";
import { makeKey, startIssuer } from "./issuer.mjs";
import { METRIC, metrics } from "./metrics.mjs";
import { until } from "./process.mjs";

export const keysToml = (values) => Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n");

// A gateway whose only key is a set, with short times.
export function startWithKeySet(t, key, { endpoint = {}, ...options } = {}) {
  const settings = {
    algorithms: ["ES256", "RS256", "EdDSA"], jwks_min_interval: "500ms", jwks_wait: "2s", ...key,
  };
  const text = configText({ endpoints: [{ profile: "orion", ...endpoint }] })
    .replace(/\[keys\.main\][^]*?\[api\]/, `[keys.id]\n${keysToml(settings)}\n\n[api]`);
  return startCarillon(t, { text, ...options });
}

export const upgradeWith = (server, token, timeoutMs = 10_000) =>
  rawExchange(server.port, upgradeHead(`/ws?token=${token}`), { timeoutMs });

// The status of an upgrade. A 101 leaves the connection open: only its head is read.
export async function statusOf(t, server, token) {
  try {
    const { socket } = await openClient(t, server.ws("/ws", token));
    socket.terminate();
    return 101;
  } catch (error) {
    return Number(/(\d{3})/.exec(error.message)?.[1] ?? NaN);
  }
}

export async function timed(work) {
  const begin = performance.now();
  return { value: await work(), ms: performance.now() - begin };
}

export const hasKeys = (server, count) =>
  until(`${count} keys`, async () => (await metrics(server)).sum("carillon_key_set_keys") === count);

// Fifty clients present `count` tokens whose kids no key has. A good token is admitted meanwhile.
export async function floodOfUnknownKids(t, count) {
  const key = makeKey("a");
  const issuer = await startIssuer(t, { keys: [key] });
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys`, jwks_min_interval: "1s", jwks_wait: "500ms" });
  await hasKeys(server, 1);
  const token = key.token();
  const rest = token.slice(token.indexOf("."));
  const begin = performance.now();
  let sent = 0;
  const statuses = new Map();
  const one = async () => {
    const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: `random-${sent}` })).toString("base64url");
    sent += 1;
    const { status } = await upgradeWith(server, header + rest, 20_000);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const worker = async () => { while (sent < count) await one(); };
  const flood = Promise.all(Array.from({ length: 50 }, worker));
  await until("the middle of the flood", () => sent > count / 4, { timeoutMs: 60_000 });
  assert.equal(await statusOf(t, server, key.token({ n: 1 })), 101);
  await flood;
  const elapsed = performance.now() - begin;
  assert.deepEqual([...statuses], [[401, count]]);
  assert.equal(issuer.atOnce, 1);
  assert.ok(issuer.fetches <= 2 + elapsed / 1000, `${issuer.fetches} fetches in ${elapsed} ms`);
  assert.equal((await metrics(server)).sum(METRIC.refusals, { reason: "token_key" }), count);
}
