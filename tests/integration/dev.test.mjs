// `carillon dev`: the screen that a new user sees, and each line of it that can be pasted.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { BINARY, BUILT_IN, api, carillon, openClient, run, startDev, startProcess, startRedis, until, within } from "./harness.mjs";

// What an event of each looks like.
const SHAPES = {
  carillon: ({ type, connection }) => type === "welcome" && connection, // events only after a subscription
  orion: ({ channel, payload, timestamp }) => channel.startsWith("orion.") && payload && timestamp,
  service: ({ type, data, timestamp }) => typeof type === "string" && data && timestamp,
  fluxora: ({ event }) => typeof event === "string",
  grimnir: ({ type, payload }) => ["now_playing", "health"].includes(type) && payload,
};

// A line that listens until it is stopped: it must print an event of the demo publisher.
async function receives(t, line, dev) {
  const listener = startProcess("bash", ["-c", `exec env ${line}`], { cwd: "/", env: { XDG_STATE_HOME: dev.state } });
  t.after(() => listener.child.kill("SIGKILL"));
  await until(`an event from: ${line}`, () => {
    if (/Error|Traceback/.test(listener.text())) throw new Error(`${line}\n${listener.text()}`);
    return listener.lines.stdout.some((out) => out.includes("orion."));
  }, { timeoutMs: 15_000 });
}

test("carillon dev", async (t) => {
  const dev = await startDev(t);

  await t.test("prints a URL for each built-in protocol, with a token where one is needed", () => {
    const printed = dev.urls();
    assert.deepEqual(Object.keys(printed).sort(), [...BUILT_IN].sort());
    for (const [name, url] of Object.entries(printed)) {
      assert.ok(url.startsWith(`ws://127.0.0.1:${dev.port}/`), url);
      assert.equal(/\?token=eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(url), name !== "fluxora", url);
    }
  });

  await t.test("each URL, as printed, receives the sample events of its protocol", (t2) =>
    Promise.all(Object.entries(dev.urls()).map(async ([name, url]) => {
      const [{ data }] = await (await openClient(t2, url)).next(1, 20_000);
      assert.ok(SHAPES[name](JSON.parse(data)), String(data));
    })));

  await t.test("the curl line publishes an event", async () => {
    const [line] = dev.pasteable("curl");
    const { code, stdout, stderr } = await run("bash", ["-c", line]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"published":\s*1/);
  });

  await t.test("the line with listen receives events", (t2) => receives(t2, dev.pasteable(`${BINARY} listen`)[0], dev));
  await t.test("the token is printed once", () => assert.equal(dev.screen.split(dev.token).length, 2));

  await t.test("Ctrl-C drains and exits 0", async () => {
    dev.child.kill("SIGINT");
    assert.equal((await within("gone", 4000, dev.exited)).code, 0);
  });
});

test("carillon dev --bus takes a Redis", async (t) => {
  const redis = await startRedis(t);
  const dev = await startDev(t, ["--bus", redis.url]);
  const [line] = dev.pasteable("curl");
  await until("published", async () => /"published":\s*1/.test((await run("bash", ["-c", line])).stdout), { everyMs: 200 });
  dev.child.kill("SIGINT");
  assert.equal((await within("gone", 4000, dev.exited)).code, 0);
});

test("carillon dev on a bus that does not answer says so, and says when it does", async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const dev = await startDev(t, ["--bus", redis.url]);
  assert.match(dev.screen, /^The bus does not answer \(.+\)\. Carillon goes on trying\.$/m);
  assert.match(dev.screen, /No sample events are published; --samples publishes some\./);
  await redis.start();
  await dev.waitForLine(/^The bus answers now\.$/, { timeoutMs: 15_000 });
});

test("carillon dev --samples publishes them on a Redis, and --no-samples publishes none", async (t) => {
  const redis = await startRedis(t);
  const dev = await startDev(t, ["--bus", redis.url, "--samples"]);
  const client = await openClient(t, dev.urls().orion);
  await client.next(1, 10_000);
  const quiet = await startDev(t, ["--no-samples"]);
  assert.match(quiet.screen, /No sample events are published/);
});

test("keys", async (t) => {
  const dev = await startDev(t);

  await t.test("are kept for the user only", () => {
    assert.equal(statSync(dev.keysFile).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(dev.keysFile)).mode & 0o777, 0o700);
  });

  await t.test("stay the same: the next run accepts the token and the API key of this one", async (t2) => {
    const { token, apiKey } = dev;
    assert.equal(await dev.stop(), 0);
    const next = await startDev(t2, [], { state: dev.state });
    await openClient(t2, `ws://127.0.0.1:${next.port}/ws?token=${token}`);
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${apiKey}` };
    assert.equal((await api(next, "POST", "/v1/publish", { headers, body: '{"channel":"orion.a","data":1}' })).status, 200);
  });

  await t.test("are random where they cannot be kept, and a sentence says so", async (t2) => {
    const next = await startDev(t2, [], { state: "/proc/none" });
    assert.match(next.screen, /^The secret and the API key are new ones and end with this process: cannot write \/proc\/none\/carillon\/dev-keys: /m);
  });
});

test("options that --config makes meaningless are refused with a sentence", async () => {
  for (const option of [["--bus", "memory:"], ["--listen", "127.0.0.1:1"], ["--log-level", "info"], ["--profile", "a.toml"]]) {
    const { code, stderr } = await carillon(["dev", "--config", "gateway.toml", ...option]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`^carillon: --config serves a whole configuration: .* instead of ${option[0]}$`));
  }
});
