// Descriptors run out while the broker is away: the bus reconnects with reserved descriptors, and the connected
// clients receive events again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import net from "node:net";
import test from "node:test";

import { api, mintToken, openClient, startCarillon, startRedis, until, upgradeHead } from "../../harness.mjs";

const endpoints = [{ profile: "orion", "limits.accepts_per_ip": "off" }];

// More clients than there are descriptors; they come back as often as they are closed.
function crowd(t, server, count) {
  let on = true;
  t.after(() => { on = false; });
  const come = () => {
    if (!on) return;
    const socket = net.connect(server.port, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => setTimeout(come, 50));
    socket.write(upgradeHead(`/ws?token=${mintToken()}`));
  };
  for (let n = 0; n < count; n += 1) come();
}

async function survives(t, server, redis) {
  const listener = await openClient(t, server.ws("/ws", mintToken()));
  return async () => {
    await redis.kill();
    await until("503", async () => (await api(server, "GET", "/ready")).status === 503);
    await new Promise((resolve) => setTimeout(resolve, 3000)); // what the fault is: Redis is away for 3 s
    await redis.start();
    const before = listener.messages.length;
    await until("an event at a connected client", async () => {
      await redis.publish("orion.x", "1");
      return listener.messages.length > before;
    }, { timeoutMs: 6000, everyMs: 50 }); // bus.backoff_max is 5 s
    assert.equal((await api(server, "GET", "/ready")).status, 200);
    assert.equal(listener.close, null);
  };
}

test("Redis away for 3 s while clients hold and want every descriptor (prlimit --nofile=100)", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints, under: ["prlimit", "--nofile=100:100"] });
  const away = await survives(t, server, redis);
  crowd(t, server, 200);
  await server.waitForLog("descriptors", (log) => log.message.startsWith("no file descriptor is left"));
  await away();
});

test("the same when the limit is lowered below what clients hold already", async (t) => {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, endpoints });
  const away = await survives(t, server, redis);
  crowd(t, server, 150);
  await until("150 clients", async () => (await api(server, "GET", "/metrics")).text.includes('carillon_connections{endpoint="orion"} 151'));
  execFileSync("prlimit", ["--pid", String(server.pid), "--nofile=100:100"]);
  crowd(t, server, 50);
  await server.waitForLog("descriptors", (log) => log.message.startsWith("no file descriptor is left"));
  await away();
});
