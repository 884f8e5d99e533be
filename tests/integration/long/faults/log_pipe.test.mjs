// A log pipe that is not read: the gateway keeps serving, and exits within its drain window plus a second.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  BINARY, SECRET, api, configText, freePort, metrics, startProcess, temporaryFolder, until, within,
} from "../../harness.mjs";

// A FIFO without room for a single byte, held open by us, who never read it.
function fullPipe(t) {
  const file = path.join(temporaryFolder(t), "log");
  execFileSync("mkfifo", [file]);
  const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(fd));
  assert.throws(() => { for (;;) writeSync(fd, "x".repeat(4096)); }, { code: "EAGAIN" });
  return file;
}

test("with a log pipe that is not read it serves, and exits within a second of its drain", async (t) => {
  const port = await freePort();
  const config = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(config, configText({ server: { listen: [`127.0.0.1:${port}`], drain: "100ms" }, extra: '[log]\nlevel = "debug"' }));
  const pipe = fullPipe(t);
  const gateway = startProcess("sh", ["-c", 'exec "$0" serve --config "$1" 2>"$2"', BINARY, config, pipe],
    { env: { CARILLON_JWT_SECRET: SECRET, CARILLON_API_KEY: "0123456789abcdef0123456789abcdef" } });
  t.after(() => gateway.child.kill("SIGKILL"));
  const server = { port };
  await until("ready", async () => (await api(server, "GET", "/ready").catch(() => ({}))).status === 200);
  // Lines wait by the dozen: one for each refusal, at most ten a second, and one a signal.
  let refused = 0;
  await until("a dozen lines were written, and one was dropped and counted", async () => {
    assert.equal((await api(server, "GET", "/nowhere")).status, 404);
    refused += 1;
    return refused >= 12 && (await metrics(server)).sum("carillon_log_lines_dropped_total") >= 1;
  }, { everyMs: 110 });
  const since = performance.now();
  process.kill(gateway.pid, "SIGTERM");
  const end = await within("carillon is gone", 5000, gateway.exited);
  const took = performance.now() - since;
  assert.equal(end.code, 0);
  assert.ok(took < 1000 + 100 + 500, `${Math.round(took)} ms`);
});
