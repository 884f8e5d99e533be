// A reporter for `node --test-reporter`: prints what failed, and leaves {"passed", "failed"} in the
// file named by TEST_COUNTS. Only leaves count (a `describe` is no test); a skipped or a todo test has
// shown nothing and counts as failed.
import { writeFileSync } from "node:fs";
import { inspect } from "node:util";

function isLeaf(data, parents) {
  return data.details?.type !== "suite" && !parents.has(`${data.nesting}:${data.name}`);
}

export default async function* report(source) {
  const counts = { passed: 0, failed: 0 };
  // A test that has reported a deeper one since it started is a parent; the child came just before.
  let deeper = 0;
  const parents = new Set();
  for await (const { type, data } of source) {
    if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
      continue;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (deeper > data.nesting) parents.add(`${data.nesting}:${data.name}`);
    const leaf = isLeaf(data, parents);
    deeper = data.nesting;
    const shownNothing = data.skip !== undefined || data.todo !== undefined;
    if (type === "test:pass" && !shownNothing) {
      if (leaf) counts.passed += 1;
      const seconds = ((data.details?.duration_ms ?? 0) / 1000).toFixed(2);
      yield `${"  ".repeat(data.nesting)}ok   ${data.name} (${seconds} s)\n`;
      continue;
    }
    // A parent that fails only because a child did is not a second failure.
    const cause = data.details?.error?.cause ?? data.details?.error;
    const onlyChild = data.details?.error?.failureType === "subtestsFailed";
    if (!onlyChild) counts.failed += 1;
    yield `${"  ".repeat(data.nesting)}FAIL ${data.name}${shownNothing ? " (skipped or todo)" : ""}\n`;
    if (!onlyChild && cause) yield `${inspect(cause, { depth: 4, maxStringLength: 4000 })}\n`;
  }
  if (process.env.TEST_COUNTS) writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
}
