// Server-Sent Events and NDJSON: real clients of each kind, directly and through nginx over HTTP/2.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import test from "node:test";

import {
  ROOT, connectionCount, freePort, makeCertificate, metrics, mintToken, openClient, openPage, publish, rawExchange,
  startCarillon, startProcess, temporaryFolder, until,
} from "./harness.mjs";

const TOKEN = mintToken({ sub: "alice" });
const SSE = { Accept: "text/event-stream" };
const NDJSON = { Accept: "application/x-ndjson" };
const STREAMING = { profile: "orion", transports: ["websocket", "sse", "ndjson"], "auth.sources": ["query:token", "bearer"] };

const urlOf = (server, query = "") => `http://127.0.0.1:${server.port}/ws?token=${TOKEN}${query}`;
const send = async (server, n) => assert.equal((await publish(server, { channel: "orion.x", data: { n } })).status, 200);
const numbersIn = (frames) => frames.map((frame) => JSON.parse(frame).payload.n);
const records = (text) => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data);

// A stream read by Node's fetch: `text` grows, `ended` resolves at its end.
async function openStream(t, url, headers) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const response = await fetch(url, { headers, signal: abort.signal });
  const stream = { response, text: "", abort: () => abort.abort() };
  stream.ended = (async () => {
    for await (const chunk of response.body) stream.text += Buffer.from(chunk).toString();
  })().catch((error) => { stream.error = error; });
  return stream;
}

test("clients of all transports of one endpoint receive the same events in the same order", async (t) => {
  const server = await startCarillon(t, { endpoints: [STREAMING] });
  const websocket = await openClient(t, server.ws("/ws", TOKEN));
  const sse = await openStream(t, urlOf(server), SSE);
  const lines = await openStream(t, urlOf(server), NDJSON);
  assert.equal(sse.response.status, 200);
  assert.equal(sse.response.headers.get("content-type"), "text/event-stream");
  assert.equal(lines.response.headers.get("content-type"), "application/x-ndjson");
  assert.equal(await connectionCount(server), 3);
  const page = await metrics(server);
  assert.equal(page.sum("carillon_transport_connections"), 3);

  for (let n = 0; n < 100; n += 1) await send(server, n);
  const messages = await websocket.next(100);
  await until("both streams have all", () => records(sse.text).length >= 100 && lines.text.split("\n").length > 100);
  const expected = messages.map(({ data }) => data.toString());
  assert.deepEqual(records(sse.text), expected);
  assert.deepEqual(lines.text.trimEnd().split("\n"), expected);
  assert.ok(sse.text.startsWith("retry: 3000\n\n"));

  sse.abort();
  await until("it has left", async () => (await connectionCount(server)) === 2);
});

test("curl -N reads a stream, and no log has its token", async (t) => {
  const server = await startCarillon(t, { endpoints: [STREAMING], extra: '[log]\nlevel = "debug"' });
  const curl = startProcess("curl", ["-sN", "-H", "Accept: text/event-stream", urlOf(server)]);
  t.after(() => curl.child.kill("SIGKILL"));
  await until("curl is counted", async () => (await connectionCount(server)) === 1);
  await send(server, 7);
  const line = await until("curl shows the event", () => curl.lines.stdout.find((each) => each.startsWith("data: ")));
  assert.deepEqual(numbersIn([line.slice("data: ".length)]), [7]);
  curl.child.kill("SIGKILL");
  await until("curl is gone", async () => (await connectionCount(server)) === 0);
  assert.equal((await rawExchange(server.port, `GET /ws?token=${TOKEN}x HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`)).status, 401);
  await server.waitForLog("the refusal", ({ message }) => message === "request refused");
  assert.ok(!JSON.stringify(server.logs).includes(TOKEN));
});

test("a page reads a stream with EventSource and with fetch, as its origin permits", async (t) => {
  const page = await openPage(t, "streams.html");
  const { origin } = new URL(page.url());
  const server = await startCarillon(t, { endpoints: [{ ...STREAMING, origins: [origin] }], server: { listen: [`127.0.0.1:${await freePort()}`] } });
  await page.evaluate((url) => listen(url), urlOf(server));
  await send(server, 1);
  await until("the page has it", () => page.evaluate(() => seen.length > 0));
  assert.deepEqual(await page.evaluate(() => seen.map(({ payload }) => payload.n)), [1]);

  const reading = page.evaluate(([url, token]) => readLines(url, token, 2), [`http://127.0.0.1:${server.port}/ws`, TOKEN]);
  await until("fetch is counted", async () => (await connectionCount(server)) === 2);
  for (const n of [2, 3]) await send(server, n);
  const { status, lines } = await reading;
  assert.deepEqual([status, ...lines.map(({ payload }) => payload.n)], [200, 2, 3]);

  assert.equal(await page.evaluate((url) => statusOf(url), `http://127.0.0.1:${server.port}/ws`), 401);
  const other = await startCarillon(t, { endpoints: [{ ...STREAMING, origins: ["https://other.example"] }] });
  assert.equal(await page.evaluate((url) => statusOf(url), urlOf(other)), "unreadable");
});

test("EventSource reconnects after a shutdown, when the gateway is back", async (t) => {
  const page = await openPage(t, "streams.html");
  const options = {
    endpoints: [{ ...STREAMING, "sse.retry": "200ms" }],
    server: { listen: [`127.0.0.1:${await freePort()}`], drain: "200ms" },
  };
  const first = await startCarillon(t, options);
  await page.evaluate((url) => listen(url), urlOf(first));
  first.signal("SIGTERM");
  await first.exited;
  const second = await startCarillon(t, options);
  await until("it is back", async () => (await connectionCount(second)) === 1, { timeoutMs: 30_000 });
  await send(second, 9);
  await until("the page has the event", () => page.evaluate(() => seen.length > 0));
  assert.deepEqual(await page.evaluate(() => states.filter((state) => state === 2)), []);
});

test("a shutdown ends streams after their events, with a hint, and without an error", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ ...STREAMING, "frames.drain": '{"after":$retry_ms}' }], server: { drain: "200ms" } });
  const sse = await openStream(t, urlOf(server), SSE);
  await send(server, 1);
  server.signal("SIGTERM");
  await sse.ended;
  assert.equal(sse.error, undefined);
  const [first, ...last] = records(sse.text);
  assert.deepEqual(numbersIn([first]), [1]);
  assert.match(sse.text, /\nretry: \d+\n\n$/);
  assert.deepEqual(last.map((text) => Object.keys(JSON.parse(text))), [["after"]]);
});

test("the built-in profiles answer a GET for a stream as any GET", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion" }] });
  const answer = await fetch(urlOf(server), { headers: SSE });
  assert.equal(answer.status, 426);
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
});

// --- through nginx ------------------------------------------------------------------------------

// The location that docs/streams.md shows, in the smallest configuration around it.
async function startNginx(t, gateway, certificate) {
  const location = /^```nginx\n(.*?)^```$/ms.exec(readFileSync(path.join(ROOT, "docs/streams.md"), "utf8"))[1];
  const folder = temporaryFolder(t);
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  const file = path.join(folder, "nginx.conf");
  writeFileSync(file, `pid ${folder}/nginx.pid;\nworker_processes 1;\nerror_log ${folder}/error.log;\nevents {}\nhttp {\n${temporary}
access_log off;\nmap $http_upgrade $connection_upgrade { default upgrade; "" close; }\nupstream carillon { server 127.0.0.1:${gateway.port}; }
server {\nlisten 127.0.0.1:${port} ssl http2;\nssl_certificate ${certificate.certFile};\nssl_certificate_key ${certificate.keyFile};\n${location}}\n}\n`);
  const nginx = startProcess("nginx", ["-p", folder, "-c", file, "-e", `${folder}/error.log`, "-g", "daemon off;"]);
  t.after(async () => { nginx.child.kill("SIGTERM"); await nginx.exited; });
  return { port, nginx };
}

test("ten streams and a WebSocket go through nginx, the streams over one HTTP/2 connection", async (t) => {
  const server = await startCarillon(t, { endpoints: [STREAMING] });
  const certificate = await makeCertificate(t);
  const { port } = await startNginx(t, server, certificate);
  const session = await until("nginx answers", () => new Promise((resolve) => {
    const trying = http2.connect(`https://localhost:${port}`, { ca: certificate.ca });
    trying.once("connect", () => resolve(trying)).once("error", () => resolve(null));
  }));
  t.after(() => session.destroy());
  const streams = Array.from({ length: 10 }, () => {
    const request = session.request({ ":path": `/ws?token=${TOKEN}`, accept: "text/event-stream" });
    const stream = { text: "" };
    request.setEncoding("utf8").on("data", (chunk) => { stream.text += chunk; }).on("response", (head) => { stream.head = head; });
    return stream;
  });
  const websocket = await openClient(t, `wss://localhost:${port}/ws?token=${TOKEN}`, { ca: certificate.ca, family: 4 });
  await until("all are open", async () => (await connectionCount(server)) === 11 && streams.every(({ head }) => head));
  for (const { head } of streams) assert.equal(head["content-type"], "text/event-stream");
  for (let n = 0; n < 3; n += 1) await send(server, n);
  await until("all have all", () => streams.every(({ text }) => records(text).length === 3));
  for (const { text } of streams) assert.deepEqual(numbersIn(records(text)), [0, 1, 2]);
  assert.equal((await websocket.next(3)).length, 3);

  const page = await openPage(t, "streams.html", { certificate });
  await page.evaluate(([url]) => Promise.all(Array.from({ length: 8 }, () => listen(url))), [`https://localhost:${port}/ws?token=${TOKEN}`]);
  await send(server, 3);
  await until("each EventSource of the page has it", async () => (await page.evaluate(() => seen.length)) === 8);
});
