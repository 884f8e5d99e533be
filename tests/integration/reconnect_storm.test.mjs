// kill -9 with many clients, and a restart: a short form of long/reconnect_storm.test.mjs.
import assert from "node:assert/strict";
import test from "node:test";

import { reconnectStorm } from "./harness.mjs";

const CLIENTS = 1000;

test("1,000 clients of a gateway that was killed are back soon, and /ready answers meanwhile", async (t) => {
  const { refusals, ...figures } = await reconnectStorm(t, { clients: CLIENTS });
  t.diagnostic(JSON.stringify(figures));
  assert.equal(refusals, 0);
});

test("with accepts_rate some are told when to return, and all are back", async (t) => {
  const figures = await reconnectStorm(t, { clients: CLIENTS, server: { accepts_rate: 250 } });
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.refusals > 0);
});
