// `carillon publish`: where it finds the gateway and its key, and events from standard input.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  API_KEY, carillon, configText, freePort, makeCertificate, mintToken, openClient, startCarillon, startDev, startProcess, BINARY,
  temporaryFolder, tlsAddress, until,
} from "./harness.mjs";

const payloads = (messages) => messages.map(({ data }) => JSON.parse(data).payload);

async function startWithClient(t) {
  const port = await freePort();
  const file = path.join(temporaryFolder(t), "gateway.toml");
  const server = await startCarillon(t, { file, text: configText({ server: { listen: [`127.0.0.1:${port}`] } }) });
  return { file, server, client: await openClient(t, server.ws("/ws", mintToken())), url: `http://127.0.0.1:${port}` };
}

test("the address and the key come from the configuration", async (t) => {
  const { file, client, url } = await startWithClient(t);
  const first = await carillon(["publish", "--config", file, "orion.a", '{"n":1}']);
  assert.deepEqual([first.code, first.stdout, first.stderr], [0, '{"published":1}', ""]);
  assert.deepEqual(payloads(await client.next(1)), [{ n: 1 }]);
  const env = { CARILLON_API_KEY: undefined };
  const unset = await carillon(["publish", "--config", file, "orion.a", "{}"], { env });
  assert.equal(unset.code, 1);
  assert.match(unset.stderr, /api\.keys.*CARILLON_API_KEY is not set/);
  // The configuration that is found must not send its key to whatever --url says.
  writeFileSync(path.join(path.dirname(file), "carillon.toml"), configText().replace('{ env = "CARILLON_API_KEY" }', `"${API_KEY}"`));
  const elsewhere = await carillon(["publish", "--url", url, "orion.a", "{}"], { env, cwd: path.dirname(file) });
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /set CARILLON_API_KEY to one of the gateway's api\.keys, or write --config FILE/);
});

test("the kept key of carillon dev is used on this machine, and sent nowhere else", async (t) => {
  const state = temporaryFolder(t);
  const dev = await startDev(t, [], { state });
  const env = { XDG_STATE_HOME: state, CARILLON_API_KEY: undefined };
  const { code, stderr } = await carillon(["publish", "--url", `http://127.0.0.1:${dev.port}`, "orion.a", "{}"], { env });
  assert.equal(code, 0, stderr);
  const elsewhere = await carillon(["publish", "--url", "http://127.0.0.2:1", "orion.a", "{}"], { env });
  assert.match(elsewhere.stderr, /set CARILLON_API_KEY/);
});

// Regression: an event that source.require refuses was answered {"published":1} and nothing else.
test("an event that no client can receive is published with a warning that says why", async (t) => {
  const port = await freePort();
  await startCarillon(t, {
    text: configText({ server: { listen: [`127.0.0.1:${port}`] }, endpoints: [{ profile: "fluxora" }, { profile: "grimnir" }] }),
  });
  const publishOne = (channel, data) => carillon(["publish", "--url", `http://127.0.0.1:${port}`, channel, data]);
  const unfit = await publishOne("fluxora.streams", '{"type":"x"}');
  assert.deepEqual([unfit.code, unfit.stdout], [0, '{"published":1,"requirement_failed":["fluxora.streams"]}']);
  assert.match(unfit.stderr, /warning: no client of this gateway gets the event for the channel "fluxora\.streams": .*source\.require/);
  const unselectable = await publishOne("grimnir.nothing", "{}");
  assert.deepEqual([unselectable.code, unselectable.stdout], [0, '{"published":1,"not_selectable":["grimnir.nothing"]}']);
  assert.match(unselectable.stderr, /"grimnir\.nothing": .*select\.known/);
  const fine = await publishOne("fluxora.streams", '{"event":"x"}');
  assert.deepEqual([fine.code, fine.stdout, fine.stderr], [0, '{"published":1}', ""]);
});

test("one event from standard input", async (t) => {
  const { client, url } = await startWithClient(t);
  const { code, stderr } = await carillon(["publish", "--url", url, "orion.a", "-"], { input: '{\n"n": 1\n}\n' });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(payloads(await client.next(1)), [{ n: 1 }]);
  assert.equal((await carillon(["publish", "--url", url, "orion.a", "-"], { input: "nonsense" })).code, 1);
});

test("lines of standard input: a bad one is named and left out", async (t) => {
  const { client, url } = await startWithClient(t);
  const lines = Array.from({ length: 1200 }, (_, n) => JSON.stringify({ channel: "orion.a", data: { n } }));
  lines.splice(700, 0, "", "nonsense", '{"channel":"orion.a"}');
  const { code, stdout, stderr } = await carillon(["publish", "--url", url, "--lines"], { input: lines.join("\n") });
  assert.equal(code, 1);
  assert.equal(stdout, "1200 published, 2 lines at fault, the first is line 702");
  assert.match(stderr, /^carillon: line 702: it is not JSON: .*\ncarillon: line 703: it must have "data" once$/);
  assert.deepEqual(payloads(await client.next(1200)).map(({ n }) => n), Array.from({ length: 1200 }, (_, n) => n));
  const good = await carillon(["publish", "--url", url, "--lines", "orion.b"], { input: '{"a":1}\n[2]\n' });
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, "2 published", ""]);
  assert.deepEqual(payloads(await client.next(1202)).slice(1200), [{ a: 1 }, [2]]);
});

test("a request that is refused names its line, and nothing after it is sent", async (t) => {
  const { url } = await startWithClient(t);
  const input = '{"channel":"orion.a","data":1}\n{"channel":"","data":2}\n';
  const refused = await carillon(["publish", "--url", url, "--lines"], { input });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^carillon: line 2: http:.*status 400: .*event 1/);
  const wrongKey = await carillon(["publish", "--url", url, "--lines"], { input, env: { CARILLON_API_KEY: "x".repeat(40) } });
  assert.equal(wrongKey.code, 1);
  assert.match(wrongKey.stderr, /line 1: .*status 401/);
  assert.equal(wrongKey.stdout, "0 published, 1 line at fault, the first is line 1");
});

test("a line that comes alone is published at once", async (t) => {
  const { client, url } = await startWithClient(t);
  const writer = startProcess(BINARY, ["publish", "--url", url, "--lines", "orion.a"], { env: { CARILLON_API_KEY: API_KEY } });
  t.after(() => writer.child.kill("SIGKILL"));
  writer.child.stdin.write("1\n");
  await client.next(1);
  writer.child.stdin.write("2\n");
  await client.next(2);
  writer.child.stdin.end();
  assert.equal((await writer.exited).code, 0);
  await until("the summary", () => writer.lines.stdout.includes("2 published"));
});

test("over https the certificate is checked", async (t) => {
  const certificate = await makeCertificate(t);
  const port = await freePort();
  const file = path.join(temporaryFolder(t), "gateway.toml");
  const text = configText().replace(/listen = .*/, `listen = [${tlsAddress(`127.0.0.1:${port}`, certificate)}]`);
  await startCarillon(t, { file, text });
  const event = ["orion.a", "{}"];
  const url = ["--url", `https://localhost:${port}`];
  assert.equal((await carillon(["publish", ...url, "--ca-file", certificate.certFile, ...event])).code, 0);
  assert.match((await carillon(["publish", ...url, ...event])).stderr, /certificate verify failed/);
  assert.equal((await carillon(["publish", "--config", file, ...event], { env: { CARILLON_API_KEY: API_KEY } })).code, 0);
});

test("what is missing is named", async () => {
  for (const [args, expected] of [
    [[], /write CHANNEL and DATA, or --lines/],
    [["orion.a"], /DATA is missing/],
    [["--lines", "orion.a", "{}"], /leave DATA out/],
  ]) {
    const { code, stderr } = await carillon(["publish", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
});
