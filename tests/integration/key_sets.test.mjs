// Key sets that are fetched from an issuer: rotation, an issuer that is down, slow or sends garbage, floods of
// unknown keys, discovery over HTTPS, and tokens shaped like those of well-known providers.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  carillon, configText, floodOfUnknownKids, hasKeys, keysToml, makeCertificate, makeKey, metrics, startCarillon,
  startIssuer, startWithKeySet, statusOf, temporaryFolder, timed, until, upgradeWith,
} from "./harness.mjs";

test("F23: keys are rotated: the new key admits, the removed one does not", async (t) => {
  const [old, fresh] = [makeKey("old"), makeKey("new", "EdDSA")];
  const issuer = await startIssuer(t, { keys: [old] });
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys` });
  assert.equal(await statusOf(t, server, old.token()), 101);
  issuer.keys = [fresh];
  await until("the new key admits", async () => (await statusOf(t, server, fresh.token())) === 101);
  assert.equal(await statusOf(t, server, old.token()), 401, "also for a token that was admitted before");
  const change = server.logs.filter((log) => log.message === "key set changed").at(-1);
  assert.deepEqual([change.key, change.added, change.removed], ["id", "new", "old"]);
  assert.equal(issuer.atOnce, 1);
  const seen = await metrics(server);
  assert.equal(seen.by("carillon_key_set_fetches_total", "outcome").changed, 2);
  assert.ok(Math.abs(seen.sum("carillon_key_set_fetched_timestamp_seconds") - Date.now() / 1000) < 30);
});

test("F23: an issuer that is down at the start refuses, and admits once it is back", async (t) => {
  const key = makeKey("a");
  const issuer = await startIssuer(t, { keys: [key] });
  await issuer.stop();
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys` });
  const { value, ms } = await timed(() => upgradeWith(server, key.token()));
  assert.equal(value.status, 401);
  assert.ok(ms < 3000, `${ms} ms`);
  const line = await server.waitForLog("the refusal", (log) => log.message === "request refused");
  assert.deepEqual([line.reason, line.detail], ["no_key_set", 'no_keys: kid "a"']);
  await server.waitForLog("the failure", (log) => log.message === "a key set could not be fetched" && log.outcome === "unreachable");
  await startIssuer(t, { keys: [key], port: issuer.port });
  await until("it admits", async () => (await statusOf(t, server, key.token())) === 101);
});

test("F23: a slow issuer delays only upgrades that need it, and those for jwks_wait", async (t) => {
  const [known, unknown] = [makeKey("a"), makeKey("b")];
  const issuer = await startIssuer(t, { keys: [known] });
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys`, jwks_wait: "700ms" });
  assert.equal(await statusOf(t, server, known.token()), 101);
  issuer.mode = "slow";
  let refused = null;
  await until("a fetch that gets no answer", async () => {
    refused ??= timed(() => upgradeWith(server, unknown.token()));
    if (issuer.waiting.length === 0) await refused.then(() => { refused = null; });
    return issuer.waiting.length > 0;
  });
  const good = await timed(() => statusOf(t, server, known.token({ n: 1 })));
  assert.equal(good.value, 101);
  assert.ok(good.ms < 600, `${good.ms} ms`);
  const bad = await timed(() => upgradeWith(server, unknown.token({ n: 2 })));
  assert.equal(bad.value.status, 401);
  assert.ok(bad.ms > 600 && bad.ms < 2000, `${bad.ms} ms`);
  await until("none waits any more", async () => (await metrics(server)).sum("carillon_upgrades_waiting") === 0);
  const waiting = statusOf(t, server, unknown.token({ n: 3 }));
  await until("it waits", async () => (await metrics(server)).sum("carillon_upgrades_waiting") === 1);
  issuer.keys = [known, unknown];
  issuer.mode = "ok";
  for (const response of issuer.waiting.splice(0)) response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
  assert.equal(await waiting, 101);
});

test("F23: garbage and errors keep the last good keys", async (t) => {
  const key = makeKey("a", "RS256");
  const issuer = await startIssuer(t, { keys: [key], maxAge: 0 });
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys` });
  await hasKeys(server, 1);
  for (const [mode, outcome] of [["garbage", "invalid"], ["error", "status"]]) {
    issuer.mode = mode;
    await server.waitForLog(mode, (log) => log.message === "a key set could not be fetched" && log.outcome === outcome && log.keys === 1);
    assert.equal(await statusOf(t, server, key.token()), 101);
  }
  issuer.mode = "ok";
  issuer.keys = [{ jwk: { kty: "oct", kid: "s", k: "AAAA" } }];
  await server.waitForLog("a set of secrets", (log) => log.outcome === "invalid" && /shared secret/.test(log.detail ?? ""));
  assert.equal(await statusOf(t, server, key.token()), 101);
});

test("F23: keys that could not be renewed for jwks_stale_max are dropped", async (t) => {
  const key = makeKey("a");
  const issuer = await startIssuer(t, { keys: [key] });
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys`, jwks_age_max: "1s", jwks_stale_max: "1s" });
  await hasKeys(server, 1);
  issuer.mode = "error";
  await server.waitForLog("it drops them", (log) => log.level === "error" && /too old/.test(log.message));
  assert.equal((await upgradeWith(server, key.token())).status, 401);
});

test("F23: 1,000 random kids cause one fetch at a time, at most one in each interval, and 401 at once", (t) =>
  floodOfUnknownKids(t, 1000));

test("discovery over HTTPS with a CA of its own; another CA is refused", async (t) => {
  const certificate = await makeCertificate(t);
  const key = makeKey("a", "RS256");
  const issuer = await startIssuer(t, { keys: [key], certificate });
  const settings = { discovery: "on", issuer: issuer.url };
  const server = await startWithKeySet(t, { ...settings, jwks_ca_file: certificate.certFile });
  assert.equal(await statusOf(t, server, key.token({ iss: issuer.url })), 101);
  assert.equal(await statusOf(t, server, key.token({ iss: "https://other.example" })), 401);
  await server.waitForLog("the issuer", (log) => log.reason === "token_issuer" && /iss "https:\/\/other.example"/.test(log.detail));
  const stranger = await startWithKeySet(t, { ...settings, jwks_ca_file: (await makeCertificate(t)).certFile });
  await stranger.waitForLog("the certificate", (log) => log.message === "a key set could not be fetched" && log.outcome === "tls");
  assert.equal(await statusOf(t, stranger, key.token({ iss: issuer.url })), 401);
});

test("two issuers with one kid: neither admits the other's token", async (t) => {
  const [one, other] = [makeKey("same"), makeKey("same")];
  const [first, second] = [await startIssuer(t, { keys: [one] }), await startIssuer(t, { keys: [other] })];
  const rows = [["a", first], ["b", second]].map(([name, { url }]) =>
    `[keys.${name}]\nalgorithms = ["ES256"]\nissuer = "${url}"\njwks_url = "${url}/keys"\n`);
  const text = configText().replace(/\[keys\.main\][^]*?\[api\]/, `${rows.join("\n")}\n[api]`);
  const server = await startCarillon(t, { text });
  assert.equal(await statusOf(t, server, one.token({ iss: first.url })), 101);
  assert.equal(await statusOf(t, server, other.token({ iss: second.url })), 101);
  assert.equal(await statusOf(t, server, one.token({ iss: second.url })), 401);
  assert.equal(await statusOf(t, server, other.token({ iss: first.url })), 401);
});

test("azp, scope and an array in aud decide", async (t) => {
  const key = makeKey("a");
  const issuer = await startIssuer(t, { keys: [key] });
  const server = await startWithKeySet(t, { jwks_url: `${issuer.url}/keys`, audience: "carillon" },
    { endpoint: { "auth.authorized_parties": ["web-app"], "auth.scopes": ["events:read"] } });
  const good = { aud: ["account", "carillon"], azp: "web-app", scope: "openid events:read" };
  assert.equal(await statusOf(t, server, key.token(good)), 101);
  for (const wrong of [{ aud: "account" }, { azp: "other" }, { scope: "openid" }, { scope: undefined }]) {
    assert.equal(await statusOf(t, server, key.token({ ...good, ...wrong })), 401, JSON.stringify(wrong));
  }
});

test("carillon check reads a jwks_file and says what is wrong with it", async (t) => {
  const folder = temporaryFolder(t);
  const jwks = path.join(folder, "jwks.json");
  const file = path.join(folder, "gateway.toml");
  writeFileSync(file, configText().replace(/\[keys\.main\][^]*?\[api\]/,
    `[keys.id]\n${keysToml({ algorithms: ["ES256"], jwks_file: jwks })}\n\n[api]`));
  const key = makeKey("a");
  writeFileSync(jwks, JSON.stringify({ keys: [key.jwk] }));
  assert.equal((await carillon(["check", file])).code, 0);
  const server = await startCarillon(t, { text: configText().replace(/\[keys\.main\][^]*?\[api\]/,
    `[keys.id]\n${keysToml({ algorithms: ["ES256"], jwks_file: jwks })}\n\n[api]`) });
  assert.equal(await statusOf(t, server, key.token()), 101);
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...key.jwk, d: "AAAA" }] }));
  const bad = await carillon(["check", file]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /keys\.id\.jwks_file: the file ".*" has no key that can verify a signature: kid "a" is a private key/);
});

test("carillon doctor fetches each key set once and shows what it got", async (t) => {
  const issuer = await startIssuer(t, { keys: [makeKey("a"), makeKey("b")] });
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, configText().replace(/\[keys\.main\][^]*?\[api\]/,
    `[keys.id]\n${keysToml({ algorithms: ["ES256"], jwks_url: `${issuer.url}/keys` })}\n\n[api]`));
  const good = await carillon(["doctor", "--connections", "1", "--config", file]);
  assert.match(good.stdout, /ok +keys\.id +2 keys: a, b/);
  issuer.mode = "error";
  const bad = await carillon(["doctor", "--connections", "1", "--config", file]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /CHANGE +keys\.id +not available[^]*status: the server answered 500/);
});

test("a reload keeps the keys of an address that is unchanged, and fetches a new one", async (t) => {
  const [key, other] = [makeKey("a"), makeKey("b")];
  const [first, second] = [await startIssuer(t, { keys: [key] }), await startIssuer(t, { keys: [other] })];
  const control = path.join(temporaryFolder(t), "control.sock");
  const text = (url, limits) => configText({ server: { control }, endpoints: [{ profile: "orion", ...limits }] })
    .replace(/\[keys\.main\][^]*?\[api\]/, `[keys.id]\n${keysToml({ algorithms: ["ES256"], jwks_url: `${url}/keys` })}\n\n[api]`);
  const server = await startCarillon(t, { text: text(first.url, {}) });
  const file = server.process.child.spawnargs.at(-1);
  const reload = async (now) => {
    writeFileSync(file, now);
    const { code, stderr } = await carillon(["reload", "--control", control]);
    assert.equal(code, 0, stderr);
  };
  assert.equal(await statusOf(t, server, key.token()), 101);
  await first.stop();
  await reload(text(first.url, { "limits.connections": 5 }));
  assert.equal(first.fetches, 1);
  assert.equal(await statusOf(t, server, key.token()), 101, "although its issuer is gone");
  await reload(text(second.url, {}));
  assert.equal(await statusOf(t, server, other.token()), 101);
  assert.equal(await statusOf(t, server, key.token()), 401);
});
