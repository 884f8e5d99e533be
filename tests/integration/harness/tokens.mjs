// JSON Web Tokens, good and bad, made with node:crypto only.
import { createHmac } from "node:crypto";

export const SECRET = "integration-tests-secret-0123456789abcdef";
export const API_KEY = "integration-tests-api-key-0123456789";

export const base64url = (data) => Buffer.from(data).toString("base64url");
export const nowSeconds = () => Math.floor(Date.now() / 1000);

const HASHES = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

// A token of these claims. `header` overrides parts of the JOSE header; `alg` decides the signature.
export function mintToken(claims = {}, { secret = SECRET, alg = "HS256", header = {} } = {}) {
  const content = { sub: "user-1", exp: nowSeconds() + 3600, ...claims };
  for (const key of Object.keys(content)) if (content[key] === undefined) delete content[key];
  return signParts(JSON.stringify({ alg, typ: "JWT", ...header }), JSON.stringify(content), { secret, alg });
}

// The same from raw texts, for what JSON.stringify would never write.
export function signParts(headerText, claimsText, { secret = SECRET, alg = "HS256" } = {}) {
  const signed = `${base64url(headerText)}.${base64url(claimsText)}`;
  return `${signed}.${createHmac(HASHES[alg], secret).update(signed).digest("base64url")}`;
}

// [what is wrong, token]: each must be refused as invalid.
export function badTokens() {
  const good = mintToken();
  const [header, claims, signature] = good.split(".");
  const unsigned = (alg) => `${base64url(JSON.stringify({ alg, typ: "JWT" }))}.${claims}.`;
  const flipped = (signature[0] === "A" ? "B" : "A") + signature.slice(1);
  return [
    ["garbage", "garbage"],
    ["three empty parts", ".."],
    ["two parts", `${header}.${claims}`],
    ["four parts", `${good}.x`],
    ["expired", mintToken({ exp: nowSeconds() - 1 })],
    ["expired long ago", mintToken({ exp: 1 })],
    ["nbf in the future", mintToken({ nbf: nowSeconds() + 60 })],
    ["exp in milliseconds, an hour ago", mintToken({ exp: Date.now() - 3_600_000 })],
    ["nbf in milliseconds", mintToken({ nbf: Date.now() - 3_600_000 })],
    ["exp as a string", mintToken({ exp: String(nowSeconds() + 60) })],
    ["exp null", signParts('{"alg":"HS256"}', '{"exp":null}')],
    ["exp twice", signParts('{"alg":"HS256"}', `{"exp":1,"exp":${nowSeconds() + 60}}`)],
    ["another secret", mintToken({}, { secret: "another-secret-0123456789abcdefghij" })],
    ["HS384, which the key does not list", mintToken({}, { alg: "HS384" })],
    ["HS512, which the key does not list", mintToken({}, { alg: "HS512" })],
    ["alg none", unsigned("none")],
    ["alg None", unsigned("None")],
    ["alg NONE with the good signature", `${unsigned("NONE")}${signature}`],
    ["no alg", signParts('{"typ":"JWT"}', "{}")],
    ["alg twice", signParts('{"alg":"none","alg":"HS256"}', "{}")],
    ["alg in lower case", signParts('{"alg":"hs256"}', "{}")],
    ["unknown crit", mintToken({}, { header: { crit: ["b64"], b64: false } })],
    ["a changed signature", `${header}.${claims}.${flipped}`],
    ["a cut signature", good.slice(0, -2)],
    ["no signature", `${header}.${claims}.`],
    ["changed claims", `${header}.${base64url('{"sub":"admin"}')}.${signature}`],
    ["base64 padding", `${good}=`],
    ["claims that are no object", signParts('{"alg":"HS256"}', "[]")],
    ["claims that are not JSON", signParts('{"alg":"HS256"}', "{sub:1}")],
    ["a header that is not JSON", signParts("{", "{}")],
  ];
}
