// A flood of tokens with unknown keys.
import test from "node:test";

import { floodOfUnknownKids } from "../../harness.mjs";

test("F23: 10,000 random kids cause one fetch at a time, at most one in each interval, and 401 at once", (t) =>
  floodOfUnknownKids(t, 10_000));
