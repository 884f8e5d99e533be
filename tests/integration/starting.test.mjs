// Starting under limits that a shell, a container or a supervisor may set.
import assert from "node:assert/strict";
import { readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { carillon, configText, publish, startCarillon, temporaryFolder } from "./harness.mjs";

test("a process started with standard input and output closed does not use their numbers for its own files", async (t) => {
  const server = await startCarillon(t, { under: ["sh", "-c", 'exec "$0" "$@" <&- >&-'] });
  for (const number of [0, 1]) {
    assert.equal(readlinkSync(`/proc/${server.pid}/fd/${number}`), "/dev/null", `descriptor ${number}`);
  }
});

test("too little address space (ulimit -v) is an error with advice, not an abort", async (t) => {
  const file = path.join(temporaryFolder(t), "gateway.toml");
  writeFileSync(file, configText({ server: { shards: 1 } }));
  const { code, stderr } = await carillon(["serve", "--config", file], { under: ["prlimit", "--as=200000000"] });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^carillon: cannot reserve \d+ MiB of address space\. .*ulimit -v.* is 190 MiB: remove it, or lower server\.shards/m);
});

// Another shard may accept a client before the first turn of the bus.
test("a bus in the process is up before the ready line, so a publish right after it is not refused", async (t) => {
  const server = await startCarillon(t, { server: { shards: 4 } });
  const messages = server.logs.map((log) => log.message).filter((message) => ["bus is up", "ready"].includes(message));
  assert.deepEqual(messages, ["bus is up", "ready"]);
  assert.equal((await publish(server, { channel: "orion.x", data: 1 })).status, 200);
});
