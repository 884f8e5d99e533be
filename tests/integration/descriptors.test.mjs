// server.descriptors = "per_shard": the limit on open files applies to each shard, so that more clients can be
// connected than one descriptor table holds, and each thread's closed descriptors are really closed.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";

import { carillon, configText, mintToken, openPool, publish, startCarillon, temporaryFolder, within } from "./harness.mjs";

const LIMIT = 256;
const SHARDS = 4;
const CLIENTS = 600; // 150 a shard, give or take 11

test("more clients than one table of descriptors holds", async (t) => {
  const server = await startCarillon(t, {
    server: { shards: SHARDS, descriptors: "per_shard", connections_max: 1000 },
    under: ["prlimit", `--nofile=${LIMIT}:${LIMIT}`],
  }).catch((error) => error);
  if (server instanceof Error) { // a container without CAP_SYS_ADMIN: the error must name the cause
    assert.match(server.message, /server\.descriptors: "per_shard" is not allowed to this process/);
    return;
  }
  assert.equal(server.logs.find((log) => log.message === "ready").descriptors, LIMIT * SHARDS);

  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: CLIENTS, processes: 1 });
  assert.equal((await publish(server, { channel: "orion.all", data: { n: 0 } })).status, 200);
  server.signal("SIGTERM");
  assert.equal((await within("gone", 8000, server.exited)).code, 0);
  for (const { faults, close } of await pool.judge(0, 1)) assert.deepEqual([faults, close.code], [[], 1001]);

  const next = net.createServer().listen(server.port, "127.0.0.1");
  await new Promise((resolve, reject) => next.once("listening", resolve).once("error", reject));
  next.close();
});

test("doctor counts the tables that the configuration gives", async (t) => {
  const judge = async (server) => {
    const file = path.join(temporaryFolder(t), "gateway.toml");
    writeFileSync(file, configText({ server: { connections_max: 1000, ...server } }));
    const { stdout } = await carillon(["doctor", "--config", file], { under: ["prlimit", "--nofile=700:700"] });
    return stdout.split("\n").find((line) => line.includes("RLIMIT_NOFILE")).split(" ")[0];
  };
  assert.equal(await judge({ shards: SHARDS }), "CHANGE");
  assert.equal(await judge({ shards: SHARDS, descriptors: "per_shard" }), "ok");
});
