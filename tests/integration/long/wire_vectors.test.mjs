// protocol/vectors/*.json in real time: the vectors that wait for pings, deadlines and windows, all at once.
import test from "node:test";

import { readVectors, runVector } from "../harness/wire_vectors.mjs";

test("wire vectors in real time", { concurrency: 32 }, async (t) => {
  await Promise.all(readVectors({ long: true }).map((vector) => t.test(vector.name, (inner) => runVector(inner, vector))));
});
