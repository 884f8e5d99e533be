// What the gateway reports to systemd, and the unit file that uses it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";

import {
  API_KEY, BINARY, PYTHON, SECRET, api, configText, startProcess, startRedis, startReloadable, startTakeover, temporaryFolder, until, within,
} from "./harness.mjs";

// A datagram socket as systemd has it; Node has none. Prints a JSON line for each report.
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True: print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

async function startReceiver(t) {
  const socket = path.join(temporaryFolder(t), "notify");
  const child = spawn(PYTHON, ["-c", RECEIVER, socket], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const reports = [];
  let rest = "";
  child.stdout.on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    reports.push(...lines.map((line) => JSON.parse(line)));
  });
  await until("the receiver", () => reports.includes("bound"));
  return { socket, reports };
}

test("systemd learns that the gateway is ready, alive, reloading and stopping", async (t) => {
  const { socket, reports } = await startReceiver(t);
  const server = await startReloadable(t, {}, { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" } });
  const has = (what, from = 0) => reports.slice(from).findIndex((report) => report.startsWith(what)) + from;
  await until("ready", () => reports.some((report) => report.startsWith(`READY=1\nMAINPID=${server.pid}\n`)));
  await until("alive", () => reports.filter((report) => report === "WATCHDOG=1\n").length >= 3);
  const before = reports.length;
  assert.equal((await server.reload()).code, 0);
  await until("ready again", () => reports.slice(before).some((report) => report.startsWith("READY=1\n")));
  assert.ok(has("RELOADING=1\nMONOTONIC_USEC=", before) < has("READY=1\n", before));
  server.signal("SIGTERM");
  await until("stopping", () => reports.some((report) => report.startsWith("STOPPING=1\n")));
  assert.equal((await within("gone", 5000, server.exited)).code, 0);
});

test("a process that takes over becomes the service's, and is reported as alive", async (t) => {
  const { socket, reports } = await startReceiver(t);
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url }, { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" } });
  // systemd gives ExecReload= no WATCHDOG_USEC.
  const next = await startTakeover(t, server, { env: { NOTIFY_SOCKET: socket } });
  await until("ready", () => reports.some((report) => report.startsWith(`READY=1\nMAINPID=${next.pid}\n`)));
  assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
  const from = reports.length;
  await until("alive", () => reports.slice(from).includes("WATCHDOG=1\n"));
  assert.ok(!reports.some((report) => report.startsWith("STOPPING=1")), "the service does not stop");
});

test("a gateway that hangs is not reported as alive", async (t) => {
  const { socket, reports } = await startReceiver(t);
  const server = await startReloadable(t, {}, { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "200000" } });
  await until("alive", () => reports.includes("WATCHDOG=1\n"));
  server.signal("SIGSTOP");
  const stopped = reports.length;
  await new Promise((resolve) => setTimeout(resolve, 500)); // longer than two reports take
  assert.equal(reports.slice(stopped + 1).length, 0);
  server.signal("SIGCONT");
  await until("alive again", () => reports.length > stopped + 1);
});

// As systemd does it: the socket is descriptor 3, and LISTEN_PID the process that is started.
async function startActivated(t, folder, server, listen, more = {}) {
  const file = path.join(folder, "gateway.toml");
  writeFileSync(file, configText({ server: { listen: [listen], shards: 2, ...more } }));
  const gateway = startProcess("sh", ["-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec '${BINARY}' serve --config '${file}'`],
    { env: { CARILLON_JWT_SECRET: SECRET, CARILLON_API_KEY: API_KEY }, stdio: ["pipe", "pipe", "pipe", server._handle.fd] });
  t.after(() => gateway.child.kill("SIGKILL"));
  return gateway;
}

// Waits until the gateway answers a request. This process holds the socket as well, and may accept instead.
const isAnswered = (port) => until("an answer", async () => {
  const answers = await Promise.allSettled(Array.from({ length: 4 }, () => api({ port }, "GET", "/ready", { timeoutMs: 300 })));
  return answers.some(({ value }) => value?.status === 200);
});

test("socket activation", async (t) => {
  const folder = temporaryFolder(t);
  const server = net.createServer({ pauseOnConnect: true });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address();

  await t.test("the gateway serves on the socket that it was given", async () => {
    const gateway = await startActivated(t, folder, server, `127.0.0.1:${port}`);
    server.unref();
    await until("ready", () => gateway.text().includes('"message":"ready"'));
    await isAnswered(port);
    gateway.child.kill("SIGTERM");
    assert.equal((await within("gone", 10_000, gateway.exited)).code, 0);
  });

  await t.test("each shard may have a table of descriptors of its own", async () => {
    const gateway = await startActivated(t, folder, server, `127.0.0.1:${port}`, { descriptors: "per_shard" });
    await until("ready, or not allowed to", () => /"message":"ready"|is not allowed to this process/.test(gateway.text()));
    if (gateway.text().includes("is not allowed to this process")) return; // a container without CAP_SYS_ADMIN
    await isAnswered(port);
    gateway.child.kill("SIGTERM");
    assert.equal((await within("gone", 10_000, gateway.exited)).code, 0);
  });

  await t.test("a socket that is not in server.listen is refused", async () => {
    const gateway = await startActivated(t, folder, server, "127.0.0.1:0");
    assert.equal((await within("gone", 10_000, gateway.exited)).code, 1);
    assert.match(gateway.text(), new RegExp(`the service manager passed a socket for 127\\.0\\.0\\.1:${port}, which is not in server\\.listen`));
  });
});
