// docs/publishing.md: its examples for Django, Laravel, Rails and Spring Boot, run as they are printed in the
// frameworks themselves.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { PYTHON, ROOT, openClient, mintToken, run, startProcess, until } from "../harness.mjs";
import {
  applicationFolder, assertLogs, assertPublishes, clientOf, loseRedis, payloads, publishingPage, startApplication, startWorld,
} from "../harness/publishing.mjs";

const INSTALL = { timeoutMs: 600_000 };

async function checked(command, args, options) {
  const { code, stdout, stderr, error } = await run(command, args, options);
  assert.equal(code, 0, `${command} ${args.join(" ")}: ${error ?? ""}\n${stdout}\n${stderr}`);
}

// Django in a virtual environment under build/, installed once for each version of its requirements.txt.
async function startDjango(t, world) {
  const requirements = path.join(ROOT, "tests/publishing/django/requirements.txt");
  const venv = path.join(ROOT, "build/publishing-venv");
  const stamp = path.join(venv, "installed.txt");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== readFileSync(requirements, "utf8")) {
    await checked(PYTHON, ["-m", "venv", "--clear", venv], INSTALL);
    await checked(path.join(venv, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "-r", requirements], INSTALL);
    writeFileSync(stamp, readFileSync(requirements));
  }
  const folder = applicationFolder(t, "django", ["python django", "python django token"], world);
  return startApplication(t, world, folder, path.join(venv, "bin/python"), ["driver.py"]);
}

function startLaravel(t, world, env = {}) {
  const infos = ["php laravel-config", "php laravel", "php laravel broadcast", "php laravel http", "php laravel token"];
  return startApplication(t, world, applicationFolder(t, "laravel", infos, world), "php", ["driver.php"], env);
}

function startPhp(t, world) {
  return startApplication(t, world, applicationFolder(t, "php", ["php php http"], world), "php", ["driver.php"]);
}

function startRails(t, world) {
  return startApplication(t, world, applicationFolder(t, "rails", ["ruby rails", "ruby rails token"], world), "ruby", ["driver.rb"]);
}

async function startSpring(t, world) {
  const infos = ["properties spring", "java spring", "java spring token"];
  const folder = applicationFolder(t, "spring", infos, world);
  await checked("mvn", ["--batch-mode", "--quiet", "-DskipTests", "package"], { ...INSTALL, cwd: folder });
  return startApplication(t, world, folder, "java", ["-XX:TieredStopAtLevel=1", "-jar", "target/shop-1.jar"]);
}

// What the log has when an order is saved and its event is not published.
const FRAMEWORKS = {
  Django: { start: startDjango, logged: /^Error calling .* in on_commit\(\)/ },
  Laravel: { start: startLaravel, logged: /^reported: / },
  Rails: { start: startRails, logged: /order \d+ is saved, but not published: / },
  "Spring Boot": { start: startSpring, logged: /TransactionSynchronization.* threw exception/ },
};

// The channels on which Redis passes on messages, as they come.
async function watchRedis(t, redis) {
  const watcher = startProcess("redis-cli", ["-p", String(redis.port), "--csv", "PSUBSCRIBE", "*order.created"]);
  t.after(() => watcher.child.kill("SIGKILL"));
  await until("the subscription", () => watcher.lines.stdout.some((line) => line.includes("psubscribe")));
  return watcher.lines.stdout;
}

async function laravelsOwn(t, world, laravel) {
  const token = mintToken({}, { secret: world.env.CARILLON_JWT_SECRET });
  const client = await openClient(t, world.server.ws("/ws", token));
  const seen = await watchRedis(t, world.redis);

  await t.test("Laravel: on its default connection the channel has a prefix, and no client receives the event", async () => {
    assert.equal(await laravel.ask("prefixed Lost"), "received by 1"); // the watcher
    await until("the channel", () => seen.some((line) => line.includes('"laravel_database_orion.order.created"')));
    assert.deepEqual((await payloads(client, laravel, [["create Tea", "created"]])).map(({ title }) => title), ["Tea"]);
  });

  await t.test("Laravel: a broadcast has the prefix, although its connection has none", async () => {
    assert.equal(await laravel.ask("broadcast Lost"), "broadcast");
    await until("the channel", () => seen.filter((line) => line.includes('"laravel_database_orion.order.created"')).length === 2);
  });

  await t.test("Laravel: without the prefix clients receive a broadcast in the envelope of the page", async () => {
    const unprefixed = startLaravel(t, world, { REDIS_PREFIX: "" });
    const from = client.messages.length;
    assert.equal(await unprefixed.ask("broadcast Tea"), "broadcast");
    const text = (await client.next(from + 1)).at(-1).data.toString();
    assert.ok(text.includes(`"payload":${publishingPage().fence("json laravel broadcast").trim()},`), text);
  });

  for (const [name, application, command] of [["Laravel's HTTP client", laravel, "http"], ["PHP", startPhp(t, world), "create"]]) {
    await t.test(`${name}: a client receives what is published over HTTP`, async () => {
      assert.deepEqual(await payloads(client, application, [[`${command} Tea`, "created"]]), [{ id: 1, title: "Tea" }]);
    });
  }
}

test("the examples for Django, Laravel, Rails and Spring Boot", async (t) => {
  const world = await startWorld(t);
  const applications = {};
  for (const [name, { start, logged }] of Object.entries(FRAMEWORKS)) {
    await t.test(`${name}: the token admits a client, which receives the orders that are committed`, async () => {
      applications[name] = { application: await start(t, world), logged };
      const { application } = applications[name];
      await assertPublishes(await clientOf(t, world, application), application, { rollsBack: true });
    });
  }
  if (applications.Laravel) await laravelsOwn(t, world, applications.Laravel.application);

  await t.test("a Redis that does not reply holds up no order for long", async () => {
    world.redis.signal("SIGSTOP");
    await Promise.all(Object.values(applications).map(({ application, logged }) => assertLogs(application, logged)));
  });
  await loseRedis(world);
  for (const [name, { application, logged }] of Object.entries(applications)) {
    await t.test(`${name}: without Redis the order is saved and the failure logged`, () => assertLogs(application, logged));
  }
  await t.test("PHP: without Redis the caller gets the 503", async () => {
    assert.match(await startPhp(t, world).ask("create Tea"), /^failed: .* 503 /);
  });
});
