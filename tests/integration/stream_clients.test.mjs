// The clients of event streams that people use, directly and behind nginx and HAProxy: each is cut again and again,
// resumes as its library does, and ends with every event once and in order.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  GO_CLIENT, PYTHON, ROOT, freePort, mintToken, openPage, pause, publish, run, sendThroughCuts, startCarillon, startCutter, startProcess, temporaryFolder,
  until, within,
} from "./harness.mjs";

const TOKEN = mintToken({ sub: "alice" });
const EVENTS = 400;
const ENDPOINT = {
  profile: "service",
  transports: ["sse"],
  "select.streams": "query:channels",
  "sse.retry": "20ms",
  acks: "on",
  "frames.event": '{"channel":$*,"n":$body/data/n}',
  "commands.subscribe.reply": '{"type":"subscribed","channel":$channel,"recovered":$recovered,"reason":$reason}',
};
const HISTORY = '[[endpoint.history]]\nevents = 10000\nage = "5m"';

// What stands in front of the gateway. Each has a port for each of the ports behind it.
const WAYS = {
  directly: async (t, behind) => behind,
  "through nginx": (t, behind) => startProxy(t, behind, (folder, ports) => [
    "nginx", ["-p", folder, "-g", "daemon off;"], `
pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  ${ports.map((port, i) => `server { listen 127.0.0.1:${port}; location / {
    proxy_pass http://127.0.0.1:${behind[i]}; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffering off; proxy_read_timeout 90s; } }`).join("\n  ")}
}`, "-c"]),
  "through HAProxy": (t, behind) => startProxy(t, behind, (folder, ports) => [
    "haproxy", ["-db"], `
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
${ports.map((port, i) => `listen l${i}\n  bind 127.0.0.1:${port}\n  server gateway 127.0.0.1:${behind[i]}`).join("\n")}
`, "-f"]),
};

async function startProxy(t, behind, describe) {
  const folder = temporaryFolder(t);
  const ports = [];
  for (let i = 0; i < behind.length; i += 1) ports.push(await freePort());
  const [command, words, text, option] = describe(folder, ports);
  const file = path.join(folder, "proxy.conf");
  writeFileSync(file, text);
  const proxy = startProcess(command, [...words, option, file]);
  t.after(async () => {
    proxy.child.kill("SIGTERM");
    await within("the proxy is gone", 3000, proxy.exited).catch(() => proxy.child.kill("SIGKILL"));
  });
  const answers = (port) => fetch(`http://127.0.0.1:${port}/`).then((response) => response.body.cancel().then(() => true), () => false);
  await until(() => `${command} answers: ${proxy.text()}`, async () => (await Promise.all(ports.map(answers))).every(Boolean), { everyMs: 50 });
  return ports;
}

// httpx-sse in a virtual environment under build/, installed once for each version of its requirements.txt.
async function pythonWithHttpx() {
  const requirements = path.join(ROOT, "tests/clients/python/requirements.txt");
  const venv = path.join(ROOT, "build/clients-venv");
  const stamp = path.join(venv, "installed.txt");
  const install = [[PYTHON, ["-m", "venv", "--clear", venv]],
    [path.join(venv, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "-r", requirements]]];
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== readFileSync(requirements, "utf8")) {
    for (const [command, words] of install) {
      const { code, stderr } = await run(command, words, { timeoutMs: 200_000 });
      assert.equal(code, 0, stderr);
    }
    writeFileSync(stamp, readFileSync(requirements));
  }
  return path.join(venv, "bin/python");
}

// A client that prints {"event", "id", "data"} for each event.
function printing(t, command, words) {
  const events = [];
  const client = startProcess(command, words, { onLine: (line, stream) => stream === "stdout" && events.push(JSON.parse(line)) });
  t.after(() => client.child.kill("SIGKILL"));
  return { events: () => events };
}

// curl -N prints records, and whoever calls it comes back with the last id.
function withCurl(t, url) {
  const events = [];
  let last = "";
  let running = true;
  let child;
  t.after(() => { running = false; child?.kill("SIGKILL"); });
  (async () => {
    while (running) {
      let record = {};
      const take = (line) => {
        if (line === "") {
          last = record.id ?? last;
          if (record.data) events.push({ event: record.event ?? "message", id: last, data: JSON.parse(record.data) });
          record = {};
          return;
        }
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        record[field] = value;
      };
      const header = last ? ["-H", `Last-Event-ID: ${last}`] : [];
      const curl = startProcess("curl", ["-sN", "-H", "Accept: text/event-stream", ...header, url], { onLine: (line, stream) => stream === "stdout" && take(line) });
      child = curl.child;
      await curl.exited;
      await pause(20);
    }
  })();
  return { events: () => events };
}

async function inChromium(page, url) {
  await page.evaluate((to) => follow(to), url);
  return {
    events: () => page.evaluate(() => [
      ...answers.map((data) => ({ event: "subscribed", data })),
      ...seen.map(({ id, ...data }) => ({ event: "message", id, data }))]),
  };
}

for (const [way, front] of Object.entries(WAYS)) {
  test(`EventSource, curl, httpx-sse and r3labs/sse resume ${way}`, async (t) => {
    const python = await pythonWithHttpx();
    const page = await openPage(t, "streams.html");
    const server = await startCarillon(t, {
      endpoints: [{ ...ENDPOINT, origins: [new URL(page.url()).origin, "none"] }], extra: HISTORY,
      server: { listen: [`127.0.0.1:${await freePort()}`] },
    });
    // r3labs/sse uses what it has of a record that is cut, so its connections are cut between two.
    const cutters = [await startCutter(t, server.port), await startCutter(t, server.port, { at: "\n\n" })];
    const urls = (await front(t, cutters.map(({ port }) => port)))
      .map((port) => `http://127.0.0.1:${port}/api/ws?token=${TOKEN}&channels=a,b`);
    const clients = {
      EventSource: await inChromium(page, urls[0]),
      curl: withCurl(t, urls[0]),
      "httpx-sse": printing(t, python, [path.join(ROOT, "tests/clients/python/stream.py"), urls[0]]),
      "r3labs/sse": printing(t, GO_CLIENT, ["stream", urls[1]]),
    };
    for (const [name, client] of Object.entries(clients)) {
      await until(`${name} is subscribed`, async () => (await client.events()).length >= 2, { timeoutMs: 20_000 });
    }
    const last = await sendThroughCuts(async (n) => {
      assert.equal((await publish(server, { channel: `service.channel.${"ab"[n % 2]}`, data: { type: "x", data: { n } } })).status, 200);
      await pause(5);
    }, { cutters, least: EVENTS });
    const expected = Array.from({ length: last }, (_, i) => i + 1);
    for (const [name, client] of Object.entries(clients)) {
      const numbers = async () => (await client.events()).filter(({ event }) => event !== "subscribed").map(({ data }) => data.n);
      await until(`${name} has the last event`, async () => (await numbers()).at(-1) === last, { timeoutMs: 20_000 });
      assert.deepEqual(await numbers(), expected, name);
      const answers = (await client.events()).filter(({ event }) => event === "subscribed");
      assert.deepEqual(answers.filter(({ data }) => data.recovered === false), [], name);
      assert.ok(answers.some(({ data }) => data.recovered === true), `${name} was never cut`);
    }
  });
}
