// docs/http-api.md: every exchange on the page happens as it is printed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { API_KEY, ROOT, api, startCarillon, until } from "./harness.mjs";

// Blocks come in pairs: a request as in RFC 9112, and a status with a body. "…" stands for any value.
function exchanges(page) {
  const blocks = [...page.matchAll(/```http\n([\s\S]*?)```/g)].map((match) => match[1]);
  assert.ok(blocks.length >= 20 && blocks.length % 2 === 0, `${blocks.length} blocks`);
  const all = [];
  for (let i = 0; i < blocks.length; i += 2) {
    const [head, body = ""] = blocks[i].split("\n\n");
    const [first, ...lines] = head.trimEnd().split("\n");
    const [method, target] = first.split(" ");
    const headers = Object.fromEntries(lines.map((line) => line.replace("$KEY", API_KEY).split(": ")));
    const [status, answer] = blocks[i + 1].split("\n");
    all.push({ method, target, headers, body: body.trimEnd(), status: Number(status), answer: JSON.parse(answer) });
  }
  return all;
}

function assertLike(actual, expected, where) {
  if (expected === "…") return;
  if (typeof expected !== "object" || expected === null) return assert.equal(actual, expected, where);
  assert.deepEqual(Object.keys(actual), Object.keys(expected), where);
  for (const [key, value] of Object.entries(expected)) assertLike(actual[key], value, `${where}: ${key}`);
}

test("the exchanges of docs/http-api.md", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "orion" }, { profile: "fluxora", "health.connections": "" }] });
  await until("the bus is up", async () => (await api(server, "GET", "/ready")).status === 200);
  for (const { method, target, headers, body, status, answer } of exchanges(readFileSync(path.join(ROOT, "docs/http-api.md"), "utf8"))) {
    await t.test(`${method} ${target} ${body}: ${status}`, async () => {
      const response = await api(server, method, target, { headers, body: body || undefined });
      assert.equal(response.status, status, response.text);
      assertLike(response.json, answer, `${method} ${target}`);
    });
  }
});
