// docs/publishing.md: its examples for Node, Go, Python and curl, run as they are printed. Those of the frameworks
// that are installed for it are in long/publishing_page.test.mjs.
import assert from "node:assert/strict";
import path from "node:path";
import { symlinkSync } from "node:fs";
import test from "node:test";

import { PYTHON, ROOT, mintToken, openClient, run } from "./harness.mjs";
import {
  EXAMPLES, applicationFolder, assertLogs, assertPublishes, clientOf, loseRedis, publishingPage, startApplication, startWorld,
} from "./harness/publishing.mjs";

const LINES_MAX = 10;
const NOT_PUBLISHED = /order \d+ is saved, but not published: /;
const NOT_PROGRAMS = ["sh", "sh curl", "json laravel broadcast"]; // the variables; run and compared by the tests

function startNode(t, world, infos, driver) {
  const folder = applicationFolder(t, "node", infos, world);
  symlinkSync(path.join(ROOT, "tests/integration/node_modules"), path.join(folder, "node_modules"));
  return startApplication(t, world, folder, "node", [driver]);
}

async function startGo(t, world) {
  const folder = applicationFolder(t, "go", ["go go", "go go token"], world);
  const env = { GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
  const { code, stderr } = await run("go", ["build", "-o", "shop", "."], { cwd: folder, env, timeoutMs: 180_000 });
  assert.equal(code, 0, stderr);
  return startApplication(t, world, folder, path.join(folder, "shop"), []);
}

// Lines of code: without blank lines, comments and lines that only close something.
function linesOfCode(text) {
  return text.split("\n").filter((line) => !/^\s*(?:(?:#|\/\/).*|[\])}]*[;,]?|end)$/.test(line)).length;
}

test("every example of docs/publishing.md is run by a test, and is short", () => {
  const page = publishingPage();
  const infos = [...page.text.matchAll(/^```(\S[^\n]*)$/gm)].map(([, info]) => info);
  assert.deepEqual([...infos].sort(), [...Object.keys(EXAMPLES), ...NOT_PROGRAMS].sort());
  for (const info of Object.keys(EXAMPLES)) {
    const lines = linesOfCode(page.fence(info));
    assert.ok(lines <= LINES_MAX, `${info} has ${lines} lines of code`);
  }
});

test("the examples for Node, Go, Python and curl", async (t) => {
  const world = await startWorld(t);
  const node = startNode(t, world, ["js node", "js node token"], "driver.mjs");
  const go = await startGo(t, world);
  const nodeHttp = startNode(t, world, ["js node http"], "http_driver.mjs");
  const python = startApplication(t, world, applicationFolder(t, "python", ["python python http"], world), PYTHON, ["driver.py"]);
  const curl = () => run("sh", ["-c", publishingPage().fence("sh curl")], { env: world.env });
  const token = mintToken({}, { secret: world.env.CARILLON_JWT_SECRET });

  for (const [name, application] of Object.entries({ "Express and ioredis": node, "Go and go-redis": go })) {
    await t.test(`${name}: the token admits a client, which receives the orders`, async () => {
      await assertPublishes(await clientOf(t, world, application), application);
    });
  }
  for (const [name, application] of Object.entries({ "Node's fetch": nodeHttp, "Python's urllib": python })) {
    await t.test(`${name}: a client receives what is published over HTTP`, async () => {
      await assertPublishes(await openClient(t, world.server.ws("/ws", token)), application);
    });
  }
  await t.test("curl: a client receives what is published", async () => {
    const client = await openClient(t, world.server.ws("/ws", token));
    const { code, stdout, stderr } = await curl();
    assert.deepEqual([code, stdout], [0, '{"published":1}'], stderr);
    assert.deepEqual(JSON.parse((await client.next())[0].data).payload, { id: 1, title: "Tea" });
  });

  await t.test("a Redis that does not reply holds up no order for long, and an HTTP caller gets 503", async () => {
    world.redis.signal("SIGSTOP");
    await Promise.all([
      ...[node, go].map((application) => assertLogs(application, NOT_PUBLISHED)),
      ...[nodeHttp, python].map(async (application) => assert.match(await application.ask("create Tea"), /^failed: .*503/)),
    ]);
  });
  await loseRedis(world);
  for (const [name, application] of Object.entries({ "Express and ioredis": node, "Go and go-redis": go })) {
    await t.test(`${name}: without Redis the order is saved and the failure logged`, () => assertLogs(application, NOT_PUBLISHED));
  }
  for (const [name, application] of Object.entries({ "Node's fetch": nodeHttp, "Python's urllib": python })) {
    await t.test(`${name}: without Redis the caller gets the 503`, async () => {
      assert.match(await application.ask("create Tea"), /^failed: .*503/);
    });
  }
  await t.test("curl: without Redis it tries again, and ends with 22", async () => {
    const { code, stdout } = await curl();
    assert.equal(code, 22);
    assert.match(stdout, /the bus is not available/);
  });
});
