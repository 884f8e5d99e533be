// docs/deploying.md, "The user in Redis": the commands that a gateway sends, and the least that a user of Redis needs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { ROOT, api, mintToken, openClient, publish, startCarillon, startRedis } from "./harness.mjs";

const PAGE = readFileSync(path.join(ROOT, "docs/deploying.md"), "utf8");
const [, LINE] = /<!-- acl: .*-->\n```\n(ACL SETUSER .*)\n```/.exec(PAGE);
const PASSWORD = "redis-acl-password-0123456789";
const SEVERAL = { bus: "an event", count: 2 };
const DATABASE = 1;

// The line with parts of it taken away.
const without = (...parts) => parts.reduce((line, part) => {
  assert.ok(`${line} `.includes(` ${part} `), part);
  return `${line} `.replace(` ${part} `, " ").trimEnd();
}, LINE);

// A gateway that logs in as the user of this line.
async function startAs(t, redis, line, { database = 0 } = {}) {
  await redis.cli(["ACL DELUSER carillon", line.replace("PASSWORD", PASSWORD)]);
  const url = `redis://carillon:${PASSWORD}@127.0.0.1:${redis.port}/${database}`;
  return startCarillon(t, { bus: { url, backoff_max: "200ms" }, busIsDown: true });
}

const isUp = (server) => server.waitForLog("the bus is up", (log) => log.message === "bus is up");
const isRefused = (server, what) =>
  server.waitForLog(`${what}: NOPERM`, (log) => log.message === "bus is down" && JSON.stringify(log).includes(`${what}: NOPERM`));

// An event through the publish API reaches a client.
async function delivers(t, server) {
  const client = await openClient(t, server.ws("/ws", mintToken()));
  const { status, text } = await publish(server, { channel: "orion.x", data: SEVERAL });
  assert.equal(status, 200, text);
  assert.deepEqual(JSON.parse((await client.next(1))[0].data).payload, SEVERAL);
}

test("the user of the page can do all that a gateway does, and a gateway sends the commands of the page", async (t) => {
  const redis = await startRedis(t);
  await redis.cli(["CONFIG RESETSTAT"]);
  const server = await startAs(t, redis, LINE);
  await isUp(server);
  await delivers(t, server);
  const warnings = server.logs.filter(({ level, message }) => level !== "info" && message !== "configuration");
  assert.deepEqual(warnings, []);
  const sent = (await redis.cli(["INFO commandstats"])).map((line) => /^cmdstat_(\w+):/.exec(line)?.[1]).filter(Boolean);
  const ofTheTest = ["acl|setuser", "acl|deluser", "acl", "config"];
  const rows = [...PAGE.matchAll(/^\| ((?:`[A-Z]+`(?:, )?)+) \|/gm)].flatMap(([, names]) => names.match(/[A-Z]+/g));
  const known = rows.map((name) => name.toLowerCase());
  assert.deepEqual(sent.filter((name) => !known.includes(name) && !ofTheTest.includes(name)), []);
  for (const name of known) assert.ok(name === "select" || sent.includes(name), `${name} of ${sent}`);
});

test("without a permission that receiving needs, the bus is down and the reason names the command", async (t) => {
  const redis = await startRedis(t);
  for (const [line, refused] of [
    [without("+psubscribe"), "PSUBSCRIBE orion.*"],
    [without("&orion.*"), "PSUBSCRIBE orion.*"],
    [LINE.replace("&orion.*", "&ori*"), "PSUBSCRIBE orion.*"],
  ]) {
    const server = await startAs(t, redis, line);
    await isRefused(server, refused);
    assert.equal((await api(server, "GET", "/ready")).status, 503);
  }
});

test("without the others it receives, and a log line or an answer says what is missing", async (t) => {
  const redis = await startRedis(t);
  const warns = (server, part) => server.waitForLog(part, ({ level, message }) => level === "warning" && message.includes(part));
  for (const line of [without("+subscribe"), without("&carillon.probe.*")]) {
    const server = await startAs(t, redis, line);
    await isUp(server);
    await warns(server, "bus probe is not permitted");
    await delivers(t, server);
  }
  const unknown = await startAs(t, redis, without("+info"));
  await isUp(unknown);
  await warns(unknown, "bus does not report its run_id");
  await delivers(t, unknown);
  const silent = await startAs(t, redis, without("+publish"));
  await isUp(silent);
  await warns(silent, "bus probe is not permitted");
  assert.equal((await publish(silent, { channel: "orion.x", data: 1 })).status, 502);
  const client = await openClient(t, silent.ws("/ws", mintToken()));
  await redis.publish("orion.x", JSON.stringify(SEVERAL));
  assert.deepEqual(JSON.parse((await client.next(1))[0].data).payload, SEVERAL);
});

test("another database than 0 needs +select", async (t) => {
  const redis = await startRedis(t);
  await isRefused(await startAs(t, redis, LINE, { database: DATABASE }), "SELECT");
  await isUp(await startAs(t, redis, `${LINE} +select`, { database: DATABASE }));
});

test("every permission of the line was missed in one of these tests", () => {
  const parts = LINE.split(" ").slice(5).filter((part) => !["resetchannels", "-@all"].includes(part));
  assert.deepEqual(parts.sort(), ["&carillon.probe.*", "&orion.*", "+info", "+psubscribe", "+publish", "+subscribe"].sort());
});
