// Runs the examples of docs/publishing.md: the page's files go into the applications of tests/publishing, which
// carry out commands (tests/publishing/README.md).
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { startCarillon } from "./carillon.mjs";
import { openClient } from "./clients.mjs";
import { api } from "./http.mjs";
import { Page } from "./pages.mjs";
import { ROOT, startProcess, temporaryFolder, until } from "./process.mjs";
import { startRedis } from "./redis.mjs";
import { API_KEY } from "./tokens.mjs";

const APPLICATIONS = path.join(ROOT, "tests/publishing");
const ANSWER = /^(created|rolled back|failed|token |received by |broadcast)/;
const SECRET = "5f".repeat(32); // as long as `openssl rand -hex 32` writes it: some libraries choose the algorithm by length
const HELD_UP_MS_MAX = 8000; // the examples wait for 2 s; some clients try twice
const START = { timeoutMs: 90_000 }; // a JVM on a busy machine
const FILE = /^(?:#|\/\/) (\S+\.(?:py|php|rb|java|properties))(?:, in .*)?\n/gm;

const PHP = { before: "<?php\n" };
const JAVA = (...imports) => `package shop;\n${imports.map((name) => `import ${name};\n`).join("")}`;
const GO = (...imports) => `package main\nimport (\n${imports.map((name) => `"${name}"\n`).join("")})\n`;

// The fences of the page: what stands around each in a file, and in which file where the example does not say.
export const EXAMPLES = {
  "python django": {},
  "python django token": {},
  "php laravel-config": { before: "<?php return [\n", after: "];\n" },
  "php laravel": PHP,
  "php laravel broadcast": PHP,
  "php laravel http": PHP,
  "php laravel token": PHP,
  "php php http": { ...PHP, file: "publish.php" },
  "ruby rails": {},
  "ruby rails token": {},
  "properties spring": {},
  "java spring": {
    before: JAVA("org.springframework.beans.factory.annotation.Autowired", "org.springframework.data.redis.core.StringRedisTemplate",
      "org.springframework.stereotype.Component", "org.springframework.transaction.event.TransactionalEventListener",
      "tools.jackson.databind.json.JsonMapper"),
  },
  "java spring token": {
    before: `${JAVA("io.jsonwebtoken.Jwts", "io.jsonwebtoken.security.Keys", "java.time.Instant", "java.util.Date", "javax.crypto.SecretKey",
      "static java.nio.charset.StandardCharsets.UTF_8")}class Tokens {\n`,
    after: "}\n",
  },
  "js node": { file: "orders.mjs", before: 'import { app, saveOrder } from "./shop.mjs";\n' },
  "js node http": { file: "publish.mjs" },
  "js node token": { file: "token.mjs" },
  "go go": { file: "announce.go", before: GO("context", "encoding/json", "log", "time", "github.com/redis/go-redis/v9") },
  "go go token": { file: "token.go", before: GO("os", "time", "github.com/golang-jwt/jwt/v5") },
  "python python http": { file: "publish.py" },
};

export const publishingPage = () => new Page("publishing", path.join(ROOT, "docs"));

// { file: text } of one example. A comment with a path begins a file.
function filesOf(page, info, redis) {
  const { before = "", after = "", file } = EXAMPLES[info];
  const text = page.fence(info).replaceAll("127.0.0.1:6379", `127.0.0.1:${redis.port}`);
  if (file) return { [file]: before + text + after };
  const marks = [...text.matchAll(FILE)];
  assert.ok(marks.length > 0, `the example ${info} names no file`);
  return Object.fromEntries(marks.map((mark, index) =>
    [mark[1], before + text.slice(mark.index, marks[index + 1]?.index) + after]));
}

// Copies an application, and adds the files of these examples. Returns the folder.
export function applicationFolder(t, name, infos, { redis }) {
  const folder = path.join(temporaryFolder(t), name);
  cpSync(path.join(APPLICATIONS, name), folder, { recursive: true });
  for (const info of infos) {
    for (const [file, text] of Object.entries(filesOf(publishingPage(), info, redis))) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
  }
  return folder;
}

// A Redis, a gateway in front of it, and the variables that the page's examples read.
export async function startWorld(t) {
  const redis = await startRedis(t);
  const server = await startCarillon(t, { bus: { url: redis.url }, env: { CARILLON_JWT_SECRET: SECRET } });
  const env = {
    REDIS_URL: redis.url, CARILLON_URL: `http://127.0.0.1:${server.port}`, CARILLON_API_KEY: API_KEY, CARILLON_JWT_SECRET: SECRET,
  };
  return { redis, server, env };
}

// Starts an application. `ask(command)` resolves to its answer.
export function startApplication(t, { env }, folder, command, args, extra = {}) {
  const application = startProcess(command, args, { cwd: folder, env: { ...env, ...extra } });
  t.after(() => application.child.kill("SIGKILL"));
  let gone = false;
  application.exited.then(() => { gone = true; });
  const answers = () => application.lines.stdout.filter((line) => ANSWER.test(line));
  return {
    text: application.text,
    async ask(line) {
      const from = answers().length;
      application.child.stdin.write(`${line}\n`);
      return until(() => `an answer to ${line}\n${application.text()}`, () => {
        if (gone) throw new Error(`the application ended:\n${application.text()}`);
        return answers()[from];
      }, START);
    },
  };
}

// The token of the page's example admits a client: it is returned.
export async function clientOf(t, { server }, application) {
  const answer = await application.ask("token ada");
  assert.match(answer, /^token [\w-]+\.[\w-]+\.[\w-]+$/);
  return openClient(t, server.ws("/ws", answer.slice("token ".length)));
}

// What the client receives of these commands, in order.
export async function payloads(client, application, commands) {
  const from = client.messages.length;
  let expected = 0;
  for (const [command, answer] of commands) {
    assert.equal(await application.ask(command), answer, application.text());
    if (answer === "created") expected += 1;
  }
  const messages = (await client.next(from + expected)).slice(from);
  return messages.map(({ data }) => {
    const { channel, payload } = JSON.parse(data);
    assert.equal(channel, "orion.order.created");
    return payload;
  });
}

// An order reaches the client as the page shows it; one that is rolled back does not.
export async function assertPublishes(client, application, { rollsBack = false } = {}) {
  const rollback = rollsBack ? [["rollback never", "rolled back"]] : [];
  const received = await payloads(client, application, [["create Tea", "created"], ...rollback, ["create Mate", "created"]]);
  assert.deepEqual(received.map(({ title }) => title), ["Tea", "Mate"]);
  for (const payload of received) {
    assert.deepEqual(Object.keys(payload), ["id", "title"]);
    assert.equal(typeof payload.id, "number");
  }
}

// Kills Redis, and waits until the gateway knows.
export async function loseRedis({ redis, server }) {
  await redis.kill();
  await until("/ready is 503", async () => (await api(server, "GET", "/ready")).status === 503);
}

// While Redis is away or does not reply, the order is saved soon all the same, and one more line is logged.
export async function assertLogs(application, line) {
  const logged = () => application.text().split("\n").filter((each) => line.test(each)).length;
  const before = logged();
  const began = performance.now();
  assert.equal(await application.ask("create Mate"), "created");
  const heldUpMs = performance.now() - began;
  assert.ok(heldUpMs < HELD_UP_MS_MAX, `the order was held up for ${heldUpMs} ms`);
  await until(() => `a line like ${line}\n${application.text()}`, () => logged() > before);
}
