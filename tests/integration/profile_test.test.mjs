// `carillon profile test`: the examples of docs/examples and all of protocol/vectors hold, what does not hold is
// reported, and the page docs/protocols/your-own.md states what the code has.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { Page, ROOT, carillon, codes, temporaryFolder } from "./harness.mjs";

const CHAT = path.join(ROOT, "docs/examples/chat.toml");
const page = new Page("your-own");
const vectorsOf = (name) => JSON.parse(readFileSync(path.join(ROOT, "protocol/vectors", `${name}.json`), "utf8")).vectors;

// Copies of chat.toml and its vectors, the first one changed.
function brokenChat(t, change) {
  const folder = temporaryFolder(t);
  const profile = path.join(folder, "chat.toml");
  writeFileSync(profile, change(readFileSync(CHAT, "utf8")));
  writeFileSync(path.join(folder, "chat.vectors.json"), readFileSync(CHAT.replace(".toml", ".vectors.json")));
  return profile;
}

test("the vectors of each example hold", async (t) => {
  for (const name of ["chat", "rooms"]) {
    const { code: exit, stdout, stderr } = await carillon(["profile", "test", path.join(ROOT, `docs/examples/${name}.toml`)]);
    assert.deepEqual([exit, stderr], [0, ""], stdout);
    assert.match(stdout, /^\d+ vectors: \d+ ok$/m);
  }
  await t.test("also with other variables in the environment", async () => {
    const env = { CARILLON_JWT_SECRET: "another-secret-another-secret-another", CARILLON_SERVER_CONNECTIONS_MAX: "1" };
    assert.equal((await carillon(["profile", "test", CHAT], { env })).code, 0);
  });
});

test("every vector of the built-in protocols holds here as well, but for those that need a real process", async () => {
  for (const name of ["carillon", "orion", "service", "fluxora", "grimnir", "common", "language"]) {
    const profile = ["common", "language"].includes(name) ? "orion" : name;
    const { stdout } = await carillon(["profile", "test", profile, path.join(ROOT, `protocol/vectors/${name}.json`), "--json"]);
    const wanted = vectorsOf(name).map(({ name: sentence, run }) => [sentence, run === "binary" ? "skipped" : "ok"]);
    assert.deepEqual(JSON.parse(stdout).vectors.map(({ name: sentence, result }) => [sentence, result]), wanted);
  }
});

test("a profile that does something else is reported as the page shows", async (t) => {
  const profile = brokenChat(t, (text) => text.replace('"topic":$body/topic', '"topic":$channel'));
  const { code: exit, stdout } = await carillon(["profile", "test", profile]);
  assert.equal(exit, 1);
  const shown = page.fence("text");
  assert.ok(stdout.includes(shown), `${stdout}\ndoes not hold\n${shown}`);
  assert.match(stdout, /7 vectors: 6 ok, 1 failed$/);

  const asJson = await carillon(["profile", "test", profile, "--json"]);
  assert.equal(asJson.code, 1);
  const { ok, vectors } = JSON.parse(asJson.stdout);
  const [failed, ...others] = vectors.filter(({ result }) => result === "failed");
  assert.deepEqual([ok, others.length, failed.step, failed.message], [false, 0, 5, "frame 1 of a"]);
  assert.deepEqual(failed.differences, ['/topic: expected "music", came "chat.room-1"']);
});

test("what cannot be run is reported with its place, and ends with 2", async (t) => {
  const profile = brokenChat(t, (text) => text.replace("$body/name", "$bdy/name"));
  const vectors = path.join(temporaryFolder(t), "mine.json");
  writeFileSync(vectors, '{"vectors": [\n{"name": "one", "steps": [{"conect": "a"}]}]}');
  const own = path.join(temporaryFolder(t), "own.json");
  writeFileSync(own, '{"vectors": [{"name": "two", "endpoints": ["[[endpoint]]", "profile = \'$profile\'", "pth = 1"], "steps": [{"wait": "1s"}]}]}');
  for (const [args, message] of [
    [[profile], `${profile}:15: frames.event: at byte`],
    [[CHAT, vectors], `${vectors}:2: "one", step 1: there is no step "conect"; did you mean "connect"?`],
    [[CHAT, own], `${own}:1: "two", its configuration: endpoint[0].pth: `],
    [[CHAT, "/no/such.json"], "/no/such.json: No such file or directory"],
    [["orion"], "carillon: name the file of the vectors: carillon profile test orion orion.vectors.json"],
    [["oriom"], 'carillon: no profile "oriom"; did you mean orion?'],
    [["/no/such.toml"], "/no/such.toml: "],
  ]) {
    const answer = await carillon(["profile", "test", ...args]);
    assert.deepEqual([answer.code, answer.stdout], [2, ""], args.join(" "));
    assert.ok(answer.stderr.startsWith(message), `${answer.stderr}\ndoes not begin with\n${message}`);
    const asJson = await carillon(["profile", "test", ...args, "--json"]);
    assert.equal(asJson.code, 2);
    const { ok, errors } = JSON.parse(asJson.stdout);
    assert.deepEqual([ok, errors[0].text.startsWith(message.replace(/^carillon: /, ""))], [false, true], asJson.stdout);
  }
});

test("the page shows the whole of each example", () => {
  for (const name of ["rooms"]) {
    const file = readFileSync(path.join(ROOT, `docs/examples/${name}.toml`), "utf8");
    assert.equal(page.fences(`toml ${name}`).join("\n"), file.slice(file.indexOf("\n") + 1));
  }
});

test("each fragment of TOML on the page is accepted", async (t) => {
  const fragments = page.fences("toml fragment");
  assert.ok(fragments.length > 0);
  for (const fragment of fragments) {
    const profile = path.join(temporaryFolder(t), "mine.toml");
    writeFileSync(profile, fragment);
    const vectors = path.join(temporaryFolder(t), "mine.json");
    writeFileSync(vectors, '{"vectors": [{"name": "it is served", "steps": [{"connections": {"mine": 0}}]}]}');
    const { code: exit, stdout, stderr } = await carillon(["profile", "test", profile, vectors], { env: { NEWS_KEY: "n".repeat(32) } });
    assert.equal(exit, 0, `${fragment}\n${stdout}${stderr}`);
  }
});

test("the table of variables has those of the code, each where it may be used", () => {
  const source = readFileSync(path.join(ROOT, "src/config/frame_variables.h"), "utf8");
  const listed = (name) => [...new RegExp(`${name}\\b[^{;]*\\{([^}]*)\\}`).exec(source)[1].matchAll(/"([^"]+)"/g)].map(([, word]) => word);
  const times = listed("kTimeVariables");
  const wanted = {
    event: [...listed("kEventVariables"), ...times],
    reply: [...listed("kReplyVariables"), ...times],
    open: [...listed("kOpenVariables"), ...times],
    drain: [...listed("kDrainVariables"), ...times],
  };
  const found = { event: [], reply: [], open: [], drain: [] };
  for (const [names, ...cells] of page.table("Variables")) {
    const words = codes(names).map((word) => word.replace(/^\$(string\()?/, "").replace(/[/)].*$/, "")).filter((word) => word !== "$");
    Object.keys(found).forEach((where, column) => { if (cells[column] === "yes") found[where].push(...words); });
  }
  for (const where of Object.keys(found)) assert.deepEqual([...new Set(found[where])].sort(), wanted[where].sort(), where);
});

test("the table of steps has those of the code", () => {
  const source = readFileSync(path.join(ROOT, "src/app/vectors/step_rules.cc"), "utf8");
  const verbs = [...source.matchAll(/\{\{\{"(\w+)",\s*\w+\}/g)].map(([, verb]) => verb);
  assert.ok(verbs.length >= 14);
  const shown = page.table("8. Test it").flatMap(([cell]) => codes(cell).map((step) => Object.keys(JSON.parse(step))[0]));
  assert.deepEqual([...new Set(shown)].sort(), verbs.filter((verb) => verb !== "real").sort());
});
