// Turns a golden vector's `connect` and `send` into bytes, and compares expected texts with received ones.
import assert from "node:assert/strict";

import { SAMPLE_KEY } from "./http.mjs";
import { OPCODE, clientFrame } from "./raw_socket.mjs";
import { SECRET, base64url, nowSeconds, signParts } from "./tokens.mjs";

// "15s", "250ms", "1m", in milliseconds.
export function milliseconds(text) {
  const [, number, unit] = /^(\d+)(ms|s|m)$/.exec(text);
  return Number(number) * { ms: 1, s: 1000, m: 60_000 }[unit];
}

export const wireText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function claimsOf(claims) {
  const moment = (text) => nowSeconds() + (text[0] === "-" ? -1 : 1) * Math.floor(milliseconds(text.slice(1)) / 1000);
  return Object.fromEntries(Object.entries(claims).map(([name, value]) =>
    [name, /^[+-]\d/.test(value) ? moment(value) : value]));
}

export function tokenOf({ token = { sub: "alice" }, signed = {} }) {
  if (typeof token === "string") return token;
  const alg = signed.alg ?? "HS256";
  const header = JSON.stringify({ alg });
  const claims = JSON.stringify(claimsOf(token));
  if (alg === "none") return `${base64url(header)}.${base64url(claims)}.`;
  const secret = signed.with === "another key" ? `${SECRET.slice(0, -1)}x` : SECRET;
  return signParts(header, claims, { alg, secret });
}

const percentEncoded = (text) =>
  [...Buffer.from(text)].map((byte) => (byte === 46 ? "." : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)).join("");
const changed = (token) => token.replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`);

export function requestBytes(step, token) {
  const upgrade = step.plain ? {} : {
    Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": SAMPLE_KEY,
  };
  const lines = Object.entries({ Host: "x", ...upgrade, ...step.headers }).flatMap(([name, value]) =>
    (value === null ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`)));
  return `${step.method ?? "GET"} ${step.target} HTTP/1.1\r\n${lines.join("")}\r\n`
    .replaceAll("$token_percent", percentEncoded(token))
    .replaceAll("$token_changed", changed(token))
    .replaceAll("$token", token);
}

export function messageBytes(step) {
  const repeat = step.repeat ?? 1;
  for (const kind of ["text", "binary", "ping", "pong"]) {
    if (step[kind] !== undefined) return clientFrame(OPCODE[kind], wireText(step[kind]).repeat(repeat));
  }
  if (step.hex !== undefined) return Buffer.from(step.hex, "hex");
  if (step.close !== undefined) {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(step.close ?? 0);
    return clientFrame(OPCODE.close, step.close === null ? "" : Buffer.concat([code, Buffer.from(step.reason ?? "")]));
  }
  return Buffer.concat(step.fragments.map((part, index) =>
    clientFrame(index === 0 ? OPCODE.text : OPCODE.continuation, part.repeat(repeat),
      { fin: index + 1 === step.fragments.length })));
}

// The words of an expected frame (see WireClient), with its placeholders.
export function wordsWanted(frame) {
  if (frame === "end") return "end";
  for (const kind of ["text", "ping", "pong"]) {
    if (frame[kind] !== undefined) return frame[kind] === "" ? kind : `${kind} ${wireText(frame[kind])}`;
  }
  if (frame.close === undefined) throw new Error(`no such frame: ${JSON.stringify(frame)}`);
  if (frame.close === null) return "close";
  return `close ${frame.close}${frame.reason ? ` ${frame.reason}` : ""}`;
}

const FRESH_MS = 30_000;
const SECOND = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d";
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

// Exactly `wanted`, but for a fresh time where $time stands, one UUID throughout `bound`, and any text or number where
// "$any" stands.
export function assertText(got, wanted, { wall = Date.now(), bound = {}, what = "" } = {}) {
  const plain = bound.uuid ? wanted.replaceAll("$uuid", bound.uuid) : wanted;
  const pattern = plain.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll('"\\$any"', '(?:"[^"]*"|-?\\d+)')
    .replaceAll("\\$time_ms", `(?<!\\d)(${SECOND}\\.\\d{3}Z)`)
    .replaceAll("\\$time_s", `(?<!\\d)(${SECOND}Z)`)
    .replace("\\$uuid", `(?<uuid>${UUID})`)
    .replaceAll("\\$uuid", "\\k<uuid>");
  const match = new RegExp(`^${pattern}$`, "s").exec(got);
  if (!match) assert.equal(got, plain, what);
  bound.uuid ??= match.groups?.uuid;
  for (const time of match.slice(1).filter((group) => group && /^\d{4}-\d\d-.*Z$/.test(group))) {
    assert.ok(Math.abs(Date.parse(time) - wall) < FRESH_MS, `${time} is not fresh: ${what}`);
  }
}
