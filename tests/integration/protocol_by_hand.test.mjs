// "Try it by hand" in docs/protocols: runs each command as printed and compares its output with the page.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";

import {
  BINARY, PROFILES, Page, ROOT, SECRET, freePort, localised, metrics, run, startCarillon, startProcess, startRedis, temporaryFolder,
  until,
} from "./harness.mjs";

const PATH = [path.dirname(BINARY), path.join(ROOT, "tests/integration/node_modules/.bin"), process.env.PATH].join(":");

// Without what differs from run to run, or between a terminal and a pipe.
const plain = (line) => line
  .replaceAll(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"/g, (_, fraction) => (fraction ? '"MILLISECONDS"' : '"SECONDS"'))
  .replaceAll(/\(integer\) /g, "")
  .replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, "")
  .trimEnd();

const count = (client, line) => client.lines.stdout.filter((out) => plain(out).includes(line)).length;

// wscat wants a terminal, and `script` lends it one. What the page types is typed, and has been read when
// this resolves.
async function startWscat(t, command, environment, output) {
  const script = startProcess("script", ["-qfec", command, "/dev/null"], { env: environment });
  t.after(() => script.child.kill("SIGKILL"));
  await until(`wscat connects: ${script.text()}`, () => count(script, "Connected") > 0);
  for (const line of output.filter((each) => each.startsWith("> "))) script.child.stdin.write(`${line.slice(2)}\n`);
  return script;
}

for (const name of [...PROFILES, "your-own"]) {
  test(`${name}: what one tries by hand`, async (t) => {
    const page = new Page(name);
    const redis = await startRedis(t);
    const port = await freePort();
    const here = (text) => localised(text, { port, redisPort: redis.port });
    const text = here(page.fence("toml")).replaceAll(/listen = \[.*\]/g, `listen = ["127.0.0.1:${port}"]\ndrain = "1s"`)
      .replace("docs/examples", path.join(ROOT, "docs/examples"));
    const server = await startCarillon(t, { text });
    const environment = { PATH, CARILLON_JWT_SECRET: SECRET };
    environment.TOKEN = (await run(BINARY, ["token", "--sub", "you"], { env: environment })).stdout;
    assert.match(environment.TOKEN, /^eyJ/);

    const [listening, doing] = page.consoles().slice(-2);
    const folder = temporaryFolder(t);
    const { command, output } = listening.at(-1);
    const wscat = await startWscat(t, here(command), environment, output);
    const typed = output.filter((line) => line.startsWith("> ")).length;
    await until("the gateway has read what was typed", async () => (await metrics(server)).sum("carillon_client_messages_received_total") === typed);

    for (const step of doing) {
      await t.test(step.command.slice(0, 100), async () => {
        const { stdout, stderr, code } = await run("bash", ["-o", "pipefail", "-c", here(step.command).replace("redis-cli ", `redis-cli -p ${redis.port} `)],
          { env: environment, cwd: folder });
        assert.equal(code, 0, stderr);
        assert.deepEqual(stdout.split("\n").map(plain), step.output.filter((line) => line !== "").map(plain));
      });
    }
    await t.test("the output of wscat is the one on the page", async () => {
      for (const line of output.filter((each) => !each.startsWith("> ")).map(plain)) await until(`${line}\nin\n${wscat.text()}`, () => count(wscat, line) === 1);
    });
    assert.equal(wscat.lines.stdout.filter((line) => plain(line).includes("< {")).length, output.filter((line) => line.startsWith("< ")).length);
  });
}
