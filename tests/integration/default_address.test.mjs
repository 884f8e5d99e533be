// What finds a `carillon dev` at 127.0.0.1:8000 by itself. Each gateway here has a network of its own, so that the port
// is free whatever else runs on this machine.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { BINARY, carillon, configText, startProcess, temporaryFolder, until } from "./harness.mjs";

const PROFILE = `
path = "/mine"
auth.sources = ["query:token"]
source.channels = ["mine.*"]
frames.event = '{"word":$body}'
`;

// Starts what the shell line says in a network of its own. `inside` runs a verb there.
async function startInside(t, line, folder) {
  const env = { XDG_STATE_HOME: folder, CARILLON_JWT_SECRET: undefined, CARILLON_API_KEY: undefined };
  const started = startProcess("unshare", ["--map-root-user", "--net", "sh", "-c", `ip link set lo up && exec ${line}`], { cwd: folder, env });
  t.after(() => started.child.kill("SIGKILL"));
  const under = ["nsenter", "--target", String(started.pid), "--user", "--preserve-credentials", "--net"];
  const inside = (args, options = {}) => carillon(args, { under, cwd: folder, env, ...options });
  return { ...started, inside };
}

async function startDevInside(t, args, folder = temporaryFolder(t)) {
  writeFileSync(path.join(folder, "mine.toml"), PROFILE);
  const dev = await startInside(t, `${BINARY} dev ${args}`, folder);
  await until(() => `the screen:\n${dev.text()}`, () => dev.lines.stdout.some((each) => each.includes("Ctrl-C stops the gateway.")));
  return Object.assign(dev, { folder });
}

// Regression: without a configuration, listen knew the built-in endpoints only.
test("listen --endpoint finds an endpoint of the dev that runs", async (t) => {
  const dev = await startDevInside(t, "--profile mine.toml");
  const { code, stdout, stderr } = await dev.inside(["listen", "--endpoint", "mine", "--count", "1", "--json"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^carillon: connected to ws:\/\/127\.0\.0\.1:8000\/mine$/m);
  assert.ok(JSON.parse(stdout).data);
  const misspelt = await dev.inside(["listen", "--endpoint", "mime"]);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /there is no endpoint "mime" in the carillon dev at 127\.0\.0\.1:8000; did you mean mine\?/);
  const other = await dev.inside(["listen", "--endpoint", "mine", "--sub", "ada"]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /--sub: the token of the carillon dev at 127\.0\.0\.1:8000 is for the user dev/);
});

test("listen --endpoint prefers a carillon.toml with the endpoint, and a built-in endpoint may have any user", async (t) => {
  const dev = await startDevInside(t, "--profile mine.toml");
  const built = await dev.inside(["listen", "--endpoint", "orion", "--sub", "ada", "--count", "1"]);
  assert.equal(built.code, 0, built.stderr);
  writeFileSync(path.join(dev.folder, "carillon.toml"), configText({ server: { listen: ["127.0.0.1:9"] } }).replace(/\{ env = "CARILLON_\w+" \}/g, `"${"k".repeat(40)}"`));
  const inFile = await dev.inside(["listen", "--endpoint", "orion", "--count", "1"]);
  assert.equal(inFile.code, 1);
  assert.match(inFile.stderr, /ws:\/\/127\.0\.0\.1:9\/ws: .*refused/i);
  const inDev = await dev.inside(["listen", "--endpoint", "mine", "--count", "1"]);
  assert.equal(inDev.code, 0, inDev.stderr);
});

// Regression: healthcheck without a configuration asked for one, and never looked for the dev that runs.
test("healthcheck without a configuration asks 127.0.0.1:8000", async (t) => {
  const dev = await startDevInside(t, "--no-samples");
  const ready = await dev.inside(["healthcheck"]);
  assert.deepEqual([ready.code, JSON.parse(ready.stdout).ready], [0, true], ready.stderr);
  const empty = await startInside(t, "sleep 60", temporaryFolder(t));
  await until("the loopback device", async () => {
    const { code, stdout, stderr } = await empty.inside(["healthcheck"]);
    assert.deepEqual([code, stdout], [1, ""]);
    return /^carillon: there is no carillon\.toml or \/etc\/carillon\/carillon\.toml, and http:\/\/127\.0\.0\.1:8000 does not answer: Connection refused; write --config FILE or --url URL$/.test(stderr);
  });
});

// Regression: a taken port was reported as "carillon dev:3: server.listen", a text that the user has not written.
test("dev says that its port is in use, and how to use another", async (t) => {
  const dev = await startDevInside(t, "--no-samples");
  for (const args of [[], ["--listen", "127.0.0.1:8000"]]) {
    const { code, stderr } = await dev.inside(["dev", ...args]);
    assert.deepEqual([code, stderr], [1,
      "carillon: port 8000 is in use: another program listens on 127.0.0.1:8000; stop it, or use another port with --listen 127.0.0.1:8001"]);
  }
});
