// `carillon token` and `carillon token verify`: tokens for every kind of key, and why one is refused.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  ALGORITHMS, SECRET, carillon, configText, makeKey, makeSigningKey, mintToken, nowSeconds, openClient, startCarillon,
  startIssuer, temporaryFolder,
} from "./harness.mjs";

const withoutVariables = { CARILLON_JWT_SECRET: undefined, CARILLON_API_KEY: undefined };
const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
const headerOf = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url"));

// A configuration whose only keys are these lines.
function withKeys(keys, endpoints) {
  return configText({ endpoints }).replace(/\[keys\.main\][^]*?\[api\]/, `${keys}\n[api]`);
}

function fileWith(t, text) {
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, text);
  return file;
}

test("a token of every algorithm is accepted by a gateway with the matching key", async (t) => {
  const folder = temporaryFolder(t);
  const keys = Object.fromEntries(await Promise.all(ALGORITHMS.map(async (alg) => [alg, await makeSigningKey(folder, alg)])));
  const server = await startCarillon(t, { text: withKeys(Object.values(keys).map((key) => key.toml).join("\n")) });
  for (const alg of ALGORITHMS) {
    const { code, stdout, stderr } = await carillon(["token", "--key", keys[alg].file, "--alg", alg, "--sub", "ada"]);
    assert.equal(code, 0, stderr);
    assert.equal(headerOf(stdout).alg, alg);
    assert.equal(claimsOf(stdout).sub, "ada");
    await openClient(t, server.ws("/ws", stdout));
  }
});

test("with a configuration the token has what the key and the endpoint require", async (t) => {
  const keys = `[keys.own]\nalgorithms = ["HS384"]\nsecret = "${SECRET}"\nkey_id = "k1"\nissuer = "https://id.example.com"\naudience = "push"\nrequire_exp = true\n`;
  const endpoints = [{ profile: "orion", "auth.authorized_parties": ["web"], "auth.scopes": ["read", "write"] }];
  const server = await startCarillon(t, { text: withKeys(keys, endpoints) });
  const file = fileWith(t, withKeys(keys, endpoints));
  const { code, stdout, stderr } = await carillon(["token", "--config", file, "--sub", "ada", "--ttl", "90s"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(headerOf(stdout), { alg: "HS384", typ: "JWT", kid: "k1" });
  const { sub, iat, exp, iss, aud, azp, scope } = claimsOf(stdout);
  assert.deepEqual({ sub, iss, aud, azp, scope, ttl: exp - iat },
    { sub: "ada", iss: "https://id.example.com", aud: "push", azp: "web", scope: "read write", ttl: 90 });
  await openClient(t, server.ws("/ws", stdout));
  const own = await carillon(["token", "--config", file, "--aud", "other", "--kid", "k2", "--claims", '{"iss":"me"}']);
  assert.deepEqual([claimsOf(own.stdout).aud, claimsOf(own.stdout).iss, headerOf(own.stdout).kid], ["other", "me", "k2"]);
});

test("what cannot be signed is refused with what to write", async (t) => {
  const folder = temporaryFolder(t);
  const { file, toml } = await makeSigningKey(folder, "ES256", "issuer");
  const config = fileWith(t, withKeys(toml));
  writeFileSync(path.join(folder, "weak"), "hunter2\n");
  for (const [args, expected] of [
    [["--config", config], /\[keys\.issuer\] .* has a public key, .* --key private\.pem/],
    [["--key", file, "--alg", "ES384"], /issuer\.key does not fit: ES384 needs the curve P-384/],
    [["--key", file, "--alg", "es256"], /--alg: unknown algorithm "es256"; did you mean "ES256"\?/],
    [["--key", path.join(folder, "issuer.pem")], /holds a public key, which can only verify/],
    [["--key", path.join(folder, "weak")], /has 7 bytes, which can be guessed.*openssl rand/],
    [["--key", path.join(folder, "none")], /none: /],
    [["--config", fileWith(t, configText()), "--key-name", "mian"], /there is no \[keys\.mian\].*main/],
    [["--config", fileWith(t, configText()), "--alg", "HS512"], /\[keys\.main\] does not list HS512; it lists HS256/],
    [["--ttl", "3600"], /"3600" has no unit; write 3600s for seconds/],
    [["--ttl", "soon"], /such as 90s, 15m or 1h/],
    [["--claims", '{"exp":1}'], /--claims must not hold exp; write --ttl instead/],
  ]) {
    const { code, stdout, stderr } = await carillon(["token", ...args]);
    assert.deepEqual([args, code, stdout], [args, 2, ""]);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /hunter2/);
  }
  const none = await carillon(["token"], { env: { ...withoutVariables, XDG_STATE_HOME: folder } });
  assert.equal(none.code, 2);
  assert.match(none.stderr, /--config FILE or --key FILE, or set CARILLON_JWT_SECRET/);
});

test("a private key that signs for a configured public key gets that key's id, issuer and audience", async (t) => {
  const { file, toml } = await makeSigningKey(temporaryFolder(t), "EdDSA", "issuer");
  const text = withKeys(`${toml}key_id = "a"\nissuer = "https://id.example.com"\naudience = "push"\n`);
  const server = await startCarillon(t, { text });
  const { stdout, stderr } = await carillon(["token", "--key", file, "--config", fileWith(t, text)]);
  assert.equal(stderr, "");
  await openClient(t, server.ws("/ws", stdout));
});

test("token verify shows each check, and the answer of the gateway", async (t) => {
  const keys = `[keys.own]\nalgorithms = ["HS256"]\nsecret = "${SECRET}"\nkey_id = "a"\naudience = "push"\nissuer = "me"\n` +
    `[keys.other]\nalgorithms = ["HS512"]\nsecret = "${SECRET.toUpperCase()}"\n`;
  const file = fileWith(t, withKeys(keys));
  const header = { kid: "a" };
  const good = { aud: "push", iss: "me", sub: "ada" };
  const verify = async (token, ...args) => {
    const { code, stdout, stderr } = await carillon(["token", "verify", token, "--config", file, ...args]);
    assert.equal(stderr, "");
    assert.ok(!stdout.includes(SECRET));
    return { code, stdout };
  };

  await t.test("accepted", async () => {
    const { code, stdout } = await verify(mintToken(good, { header }));
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ok {4}key own {4}has made the signature$/m);
    assert.match(stdout, /^- {5}key other {2}not tried: it lists HS512$/m);
    assert.match(stdout, /^ok {4}exp {8}20\d\d-\S+Z, in 59 min$/m);
    assert.match(stdout, /^ok {4}subject {4}"ada"$/m);
    assert.match(stdout, /\naccepted$/);
  });

  for (const [name, token, check, answer] of [
    ["expired", mintToken({ ...good, exp: nowSeconds() - 600 }, { header }), /^FAIL {2}exp .* 10 min ago/m, "token_invalid, expired"],
    ["not valid yet", mintToken({ ...good, nbf: nowSeconds() + 600 }, { header }), /^FAIL {2}nbf .* in (9|10) min/m, "token_invalid, not_yet_valid"],
    ["signed with another key", mintToken(good, { header, secret: "x".repeat(40) }), /^FAIL {2}signature +of another key; kid "a"$/m, "token_invalid, bad_signature"],
    ["an unknown kid", mintToken(good, { header: { kid: "b" } }), /^- +key own +not tried: it has another key_id; the token has kid "b"$/m, 'token_key, unknown_key: kid "b"'],
    ["a wrong audience", mintToken({ ...good, aud: ["x", "y"] }, { header }), /^FAIL {2}audience +"x", "y"; required is "push"$/m, "token_invalid, wrong_audience"],
    ["a wrong issuer", mintToken({ ...good, iss: "you" }, { header }), /^FAIL {2}issuer +"you"; required is "me"$/m, 'token_issuer, wrong_issuer: iss "you"'],
    ["a foreign algorithm", mintToken(good, { header, alg: "HS384" }), /^FAIL {2}algorithm +"HS384"; the keys of this endpoint list HS256, HS512$/m, 'token_algorithm, algorithm_refused: alg "HS384"'],
    ["times in milliseconds", mintToken({ ...good, exp: Date.now() + 1000 }, { header }), /^FAIL {2}form +exp, nbf or iat is in milliseconds/m, "time_in_milliseconds"],
    ["no token at all", "garbage", /^FAIL {2}form +not three parts/m, "token_invalid, malformed"],
  ]) {
    await t.test(name, async () => {
      const { code, stdout } = await verify(token);
      assert.equal(code, 1);
      assert.match(stdout, check);
      assert.ok(stdout.includes(`\nrefused with status 401, reason ${answer}`), stdout);
      assert.ok(stdout.includes('\nthe client gets: {"message":"invalid token"}'), stdout);
    });
  }

  await t.test("from standard input, as JSON", async () => {
    const { code, stdout } = await carillon(["token", "verify", "-", "--config", file, "--json"], { input: `${mintToken(good, { header })}\n` });
    assert.equal(code, 0);
    const answer = JSON.parse(stdout);
    assert.deepEqual([answer.accepted, answer.endpoint, answer.subject], [true, "orion", "ada"]);
    assert.deepEqual(answer.checks.find((each) => each.check === "key own").outcome, "ok");
    const refused = await verify("x", "--json");
    assert.deepEqual([refused.code, JSON.parse(refused.stdout).reason], [1, "token_invalid"]);
  });

  // Regression: without --endpoint only the first endpoint judged the token.
  await t.test("by every endpoint that takes tokens", async () => {
    const both = fileWith(t, withKeys(keys, [{ profile: "orion", "auth.keys": ["own"] }, { profile: "service", "auth.keys": ["other"] }, { profile: "fluxora" }]));
    const token = mintToken({ sub: "ada" }, { secret: SECRET.toUpperCase(), alg: "HS512" });
    const judge = async (text, ...args) => carillon(["token", "verify", text, "--config", both, ...args]);
    const accepted = await judge(token);
    assert.equal(accepted.code, 0, accepted.stdout + accepted.stderr);
    assert.match(accepted.stdout, /^Token for the endpoint orion of [^]*\nrefused with status 401[^]*\n\nToken for the endpoint service of [^]*\naccepted\n\naccepted by: service; refused by: orion$/);
    const json = JSON.parse((await judge(token, "--json")).stdout);
    assert.deepEqual([json.accepted, json.endpoint, json.endpoints.map((each) => [each.endpoint, each.accepted])],
      [true, "service", [["orion", false], ["service", true]]]);
    const named = await judge(token, "--endpoint", "orion");
    assert.equal(named.code, 1);
    assert.doesNotMatch(named.stdout, /service/);
    const none = await judge("x");
    assert.equal(none.code, 1);
    assert.match(none.stdout, /\n\nrefused by every endpoint: orion, service$/);
  });

  await t.test("wrong arguments", async () => {
    for (const args of [["x", "--config", "/none.toml"], ["x", "--config", file, "--endpoint", "orin"], ["", "--config", file], []]) {
      assert.equal((await carillon(["token", "verify", ...args])).code, 2, args.join(" "));
    }
  });
});

test("token verify fetches key sets as the gateway does", async (t) => {
  const [a, b] = [makeKey("a"), makeKey("b")];
  const issuer = await startIssuer(t, { keys: [a] });
  const file = fileWith(t, withKeys(`[keys.id]\nalgorithms = ["ES256"]\njwks_url = "${issuer.url}/keys"\n`));
  const verify = (token) => carillon(["token", "verify", token, "--config", file]);
  const good = await verify(a.token());
  assert.equal(good.code, 0, good.stdout);
  assert.match(good.stdout, /^ok {4}keys\.id +key set at http:.*: 1 keys: a$/m);
  const unknown = await verify(b.token());
  assert.equal(unknown.code, 1);
  assert.match(unknown.stdout, /not tried: the set has no key with kid "b"/);
  await issuer.stop();
  const down = await verify(a.token());
  assert.equal(down.code, 1);
  assert.match(down.stdout, /^FAIL {2}keys\.id .*unreachable/m);
  assert.match(down.stdout, /reason no_key_set/);
});
