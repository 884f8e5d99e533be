// `carillon dev`: the screen that a new user sees, and each line of it that can be pasted.
import assert from "node:assert/strict";
import test from "node:test";

import { BINARY, PROFILES, freePort, openClient, run, startProcess, startRedis, until, within } from "./harness.mjs";

// What stands alone on a line of the screen and begins with a command.
function pasteable(lines, command) {
  return lines.map((line) => line.trim()).filter((line) => new RegExp(`^(\\w+=\\S+ )*(/usr/bin/)?${command} `).test(line));
}

async function startDev(t, ...args) {
  const port = await freePort();
  const dev = startProcess(BINARY, ["dev", "--listen", `127.0.0.1:${port}`, ...args]);
  t.after(() => dev.child.kill("SIGKILL"));
  await until("the screen", () => {
    if (dev.child.exitCode !== null) throw new Error(dev.text());
    return ["curl", "node", "python3"].every((command) => pasteable(dev.lines.stdout, command).length > 0);
  });
  return { ...dev, port };
}

// { profile: its URL on the screen }.
function urls(lines) {
  return Object.fromEntries(lines.flatMap((line) => {
    const match = /^ {2}(\w+) +(ws:\S+)$/.exec(line);
    return match ? [[match[1], match[2]]] : [];
  }));
}

// What an event of each looks like.
const SHAPES = {
  orion: ({ channel, payload, timestamp }) => channel.startsWith("orion.") && payload && timestamp,
  service: ({ type, data, timestamp }) => typeof type === "string" && data && timestamp,
  fluxora: ({ event }) => typeof event === "string",
  grimnir: ({ type, payload }) => ["now_playing", "health"].includes(type) && payload,
};

// A line that listens until it is stopped: it must print an event of the demo publisher.
async function receives(t, line) {
  const listener = startProcess("bash", ["-c", `exec env ${line}`], { cwd: "/" });
  t.after(() => listener.child.kill("SIGKILL"));
  await until(`an event from: ${line}`, () => {
    if (/Error|Traceback/.test(listener.text())) throw new Error(`${line}\n${listener.text()}`);
    return listener.lines.stdout.some((out) => out.includes("orion."));
  }, { timeoutMs: 15_000 });
}

test("carillon dev", async (t) => {
  const dev = await startDev(t);
  const screen = () => dev.lines.stdout.join("\n");

  await t.test("prints a URL for each built-in protocol, with a token where one is needed", () => {
    const printed = urls(dev.lines.stdout);
    assert.deepEqual(Object.keys(printed).sort(), [...PROFILES].sort());
    for (const [name, url] of Object.entries(printed)) {
      assert.ok(url.startsWith(`ws://127.0.0.1:${dev.port}/`), url);
      assert.equal(/\?token=eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(url), name !== "fluxora", url);
    }
  });

  await t.test("each URL, as printed, receives the sample events of its protocol", (t2) =>
    Promise.all(Object.entries(urls(dev.lines.stdout)).map(async ([name, url]) => {
      const [{ data }] = await (await openClient(t2, url)).next(1, 20_000);
      assert.ok(SHAPES[name](JSON.parse(data)), String(data));
    })));

  await t.test("the curl line publishes an event", async () => {
    const [line] = pasteable(dev.lines.stdout, "curl");
    const { code, stdout, stderr } = await run("bash", ["-c", line]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"published":\s*1/);
  });

  await t.test("the Node line receives events", (t2) => receives(t2, pasteable(dev.lines.stdout, "node")[0]));
  await t.test("the Python line receives events", (t2) => receives(t2, pasteable(dev.lines.stdout, "python3")[0]));
  await t.test("a line for the browser is there", () => assert.match(screen(), /new WebSocket\(/));

  await t.test("Ctrl-C drains and exits 0", async () => {
    dev.child.kill("SIGINT");
    assert.equal((await within("gone", 4000, dev.exited)).code, 0);
  });
});

test("carillon dev --bus takes a Redis", async (t) => {
  const redis = await startRedis(t);
  const dev = await startDev(t, "--bus", redis.url);
  const [line] = pasteable(dev.lines.stdout, "curl");
  await until("published", async () => /"published":\s*1/.test((await run("bash", ["-c", line])).stdout), { everyMs: 200 });
  dev.child.kill("SIGINT");
  assert.equal((await within("gone", 4000, dev.exited)).code, 0);
});
