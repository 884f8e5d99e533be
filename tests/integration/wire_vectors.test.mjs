// protocol/vectors/*.json against the real binary and a real Redis: the vectors that need no long waits.
import test from "node:test";

import { readVectors, runVector } from "./harness/wire_vectors.mjs";

test("wire vectors", { concurrency: 3 }, async (t) => {
  await Promise.all(readVectors({ long: false }).map((vector) => t.test(vector.name, (inner) => runVector(inner, vector))));
});
