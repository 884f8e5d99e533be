// An issuer of tokens: it publishes its keys over HTTP or HTTPS, as badly as a test wants.
import { generateKeyPairSync, sign } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { readFileSync } from "node:fs";

import { base64url, nowSeconds } from "./tokens.mjs";

const KINDS = {
  ES256: { make: () => generateKeyPairSync("ec", { namedCurve: "P-256" }), hash: "sha256" },
  RS256: { make: () => generateKeyPairSync("rsa", { modulusLength: 2048 }), hash: "sha256" },
  EdDSA: { make: () => generateKeyPairSync("ed25519"), hash: null },
};

// A key pair: `jwk` is what is published, `token(claims)` is signed by it.
export function makeKey(kid, alg = "ES256", members = {}) {
  const { publicKey, privateKey } = KINDS[alg].make();
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg, ...members };
  const token = (claims = {}, header = {}) => {
    const content = { sub: "user-1", exp: nowSeconds() + 3600, ...claims };
    const signed = [{ alg, typ: "JWT", kid, ...header }, content].map((part) => base64url(JSON.stringify(part))).join(".");
    const signature = sign(KINDS[alg].hash, Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  };
  return { kid, alg, jwk, token };
}

// Serves /keys and OpenID metadata. `issuer.mode`: "ok", "error", "garbage", or "slow" (no answer at all).
// `issuer.keys` may be replaced; `fetches` and `atOnce` count requests for the keys.
export async function startIssuer(t, { keys = [], certificate, maxAge, port = 0 } = {}) {
  const issuer = { keys, mode: "ok", fetches: 0, atOnce: 0, open: 0, waiting: [] };
  const answer = (request, response) => {
    if (request.url === "/.well-known/openid-configuration") {
      return response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
    }
    issuer.fetches += 1;
    issuer.open += 1;
    issuer.atOnce = Math.max(issuer.atOnce, issuer.open);
    response.on("close", () => { issuer.open -= 1; });
    if (issuer.mode === "slow") return issuer.waiting.push(response);
    if (issuer.mode === "error") return response.writeHead(500).end();
    if (issuer.mode === "garbage") return response.end("<html>maintenance</html>");
    if (maxAge !== undefined) response.setHeader("Cache-Control", `public, max-age=${maxAge}`);
    return response.end(JSON.stringify({ keys: issuer.keys.map((key) => key.jwk) }));
  };
  const server = certificate
    ? https.createServer({ cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }, answer)
    : http.createServer(answer);
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  issuer.port = server.address().port;
  issuer.url = `${certificate ? "https://localhost" : "http://127.0.0.1"}:${issuer.port}`;
  issuer.stop = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  t.after(issuer.stop);
  return issuer;
}
