// kill -9 with 10,000 clients, and a restart: all are back within 60 s, /ready answers within a second throughout, and
// no client is closed.
import assert from "node:assert/strict";
import test from "node:test";

import { reconnectStorm } from "../harness.mjs";

const CLIENTS = 10_000;

test("10,000 clients of a gateway that was killed are back within 60 s", async (t) => {
  const { refusals, ...figures } = await reconnectStorm(t, { clients: CLIENTS });
  t.diagnostic(JSON.stringify(figures));
  assert.equal(refusals, 0);
});

test("the same with 1,000 upgrades a second at most", async (t) => {
  const figures = await reconnectStorm(t, { clients: CLIENTS, server: { accepts_rate: 1000 } });
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.refusals > 0);
});
