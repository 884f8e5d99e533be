// HTTP against the gateway: the API as a program calls it, and raw bytes as a peer may send them.
import http from "node:http";
import net from "node:net";

import { API_KEY } from "./tokens.mjs";

// One request on a connection of its own: { status, headers, text, json }.
export function api(server, method, path, { headers = {}, body, timeoutMs = 15_000 } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port: server.port, method, path, headers, agent: false, timeout: timeoutMs },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode, headers: response.headers, text, get json() { return JSON.parse(text); } });
        });
      });
    request.on("timeout", () => request.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
    request.on("error", reject);
    request.end(body);
  });
}

// POST /v1/publish with the good key; `body` is a string, or something to be made JSON of.
export function publish(server, body, headers = {}) {
  return api(server, "POST", "/v1/publish", {
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${API_KEY}`, ...headers },
    body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
}

export const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="; // RFC 6455 1.3, answered by:
export const SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// The head of an upgrade. A header of null is left out, an array is sent several times.
export function upgradeHead(target, headers = {}, { method = "GET", version = "HTTP/1.1" } = {}) {
  const all = {
    Host: "127.0.0.1", Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": SAMPLE_KEY,
    "Sec-WebSocket-Version": "13", ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}`));
  return `${method} ${target} ${version}\r\n${lines.join("\r\n")}\r\n\r\n`;
}

// Sends bytes and reads to the end: { status, headers, body, end }. `end` is "fin" for a clean close,
// "reset" for an RST, "open" when the peer kept the connection until the deadline.
export function rawExchange(port, bytes, { timeoutMs = 3000 } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const chunks = [];
    const finish = (end) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...parseResponse(Buffer.concat(chunks)), end });
    };
    const timer = setTimeout(() => finish("open"), timeoutMs);
    socket.on("error", () => finish("reset"));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => finish("fin"));
    socket.write(bytes);
  });
}

export function parseResponse(bytes) {
  const text = bytes.toString("latin1");
  const headEnd = text.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = (headEnd < 0 ? text : text.slice(0, headEnd)).split("\r\n");
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    headers[name] = name in headers ? `${headers[name]}, ${line.slice(colon + 1).trim()}` : line.slice(colon + 1).trim();
  }
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0);
  return { status, headers, body: headEnd < 0 ? "" : bytes.subarray(headEnd + 4).toString() };
}
