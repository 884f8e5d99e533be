// A gateway that is killed with all its clients connected, and starts again: they all reconnect at once.
import assert from "node:assert/strict";

import { startCarillon } from "./carillon.mjs";
import { openReconnectingPool } from "./clients.mjs";
import { api, publish } from "./http.mjs";
import { METRIC, metrics } from "./metrics.mjs";
import { freePort, until, within } from "./process.mjs";
import { mintToken } from "./tokens.mjs";

const BACK_WITHIN_MS = 60_000;
const READY_WITHIN_MS = 1000;
const ASK_EVERY_MS = 50;

// Asserts that all `clients` are back in time, that /ready answers throughout, and that no client is closed or admitted
// twice. Returns the figures: { tookMs, slowestReadyMs, refusals }.
export async function reconnectStorm(t, { clients, server: options = {} }) {
  const server = { listen: [`127.0.0.1:${await freePort()}`], ...options };
  const first = await startCarillon(t, { server: { ...server, accepts_rate: "off" } });
  first.expectedEnd = true;
  const pool = await openReconnectingPool(t, { url: first.ws("/ws", mintToken()), count: clients });
  assert.equal((await total(pool)).open, clients);

  first.signal("SIGKILL");
  await within("killed", 5000, first.exited);
  const second = await startCarillon(t, { server });
  const startedAt = Date.now();
  const readiness = askWhetherReady(second);
  let now = { open: 0 };
  await until(() => `all are back: ${JSON.stringify(now)}`, async () => {
    now = await total(pool);
    return now.open === clients;
  }, { timeoutMs: BACK_WITHIN_MS, everyMs: 100 });
  const slowestReadyMs = await readiness.end();

  assert.equal((await publish(second, { channel: "orion.back", data: { n: 0 } })).status, 200);
  await until("each of them receives an event", async () => (now = await total(pool)).events === clients);
  assert.equal(now.opens, 2 * clients, "each client was admitted once before the kill and once after it");
  assert.ok(slowestReadyMs < READY_WITHIN_MS, `/ready took ${slowestReadyMs} ms`);
  await checkCounters(second, clients, now.refusals);
  return { tookMs: now.lastOpenAt - startedAt, slowestReadyMs, refusals: now.refusals };
}

async function total(pool) {
  const parts = await pool.all({ do: "report" });
  const sum = (name) => parts.reduce((all, part) => all + part[name], 0);
  return {
    open: sum("open"), opens: sum("opens"), refusals: sum("refusals"), events: sum("events"),
    lastOpenAt: Math.max(...parts.map((part) => part.lastOpenAt)),
  };
}

async function checkCounters(server, clients, refusals) {
  const { sum, by } = await metrics(server);
  assert.equal(sum(METRIC.connections), clients);
  assert.equal(sum("carillon_upgrades_total"), clients);
  assert.equal(sum(METRIC.closes), 0, "the storm closed a client");
  assert.equal(sum(METRIC.refusals, { reason: "process_accept_rate" }), refusals);
  // On a busy machine some clients have connected a second ago and have not come to send their request yet. When their
  // places are needed, they are closed without an answer, and try again: how many is the machine's doing.
  const slow = sum(METRIC.refusals, { reason: "http_connections_max" });
  assert.equal(sum(METRIC.refusals), refusals + slow, `refused for another reason: ${JSON.stringify(by(METRIC.refusals, "reason"))}`);
}

// Asks for /ready again and again, each time on a connection of its own. `end()` returns the longest wait in ms.
function askWhetherReady(server) {
  let ended = false;
  let slowest = 0;
  const asking = (async () => {
    while (!ended) {
      const asked = performance.now();
      const { status } = await api(server, "GET", "/ready");
      assert.equal(status, 200);
      slowest = Math.max(slowest, performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  })();
  asking.catch(() => {}); // end() reports it
  return {
    end: async () => {
      ended = true;
      await asking;
      return Math.round(slowest);
    },
  };
}
