// What is made from the help of the command line: the shells' completions and the manual page.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import { carillon, run, temporaryFolder } from "./harness.mjs";

const script = async (shell) => {
  const { code, stdout } = await carillon(["completion", shell]);
  assert.equal(code, 0);
  return `${stdout}\n`;
};

test("bash completes verbs and options", async (t) => {
  const file = path.join(temporaryFolder(t), "carillon.bash");
  writeFileSync(file, await script("bash"));
  const complete = async (...words) => {
    const line = `source ${file}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _carillon; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = await run("bash", ["-c", line]);
    assert.equal(stderr, "");
    return stdout.split(" ");
  };
  assert.deepEqual(await complete("carillon", "ser"), ["serve"]);
  assert.deepEqual(await complete("carillon", "serve", "--ta"), ["--takeover"]);
  assert.deepEqual(await complete("carillon", "serve", "--config", "x.toml", "--ta"), ["--takeover"]);
  assert.deepEqual(await complete("carillon", "config", "expl"), ["explain"]);
  const profile = await complete("carillon", "profile", "");
  for (const word of ["list", "show", "--help"]) assert.ok(profile.includes(word), word);
});

test("zsh and fish read their scripts, and fish completes", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "_carillon"), await script("zsh"));
  writeFileSync(path.join(folder, "carillon.fish"), await script("fish"));
  const zsh = await run("zsh", ["-n", path.join(folder, "_carillon")]);
  assert.deepEqual([zsh.code, zsh.stderr], [0, ""]);
  const complete = async (line) => {
    const { stdout, stderr } = await run("fish", ["--no-config", "-c", `source ${folder}/carillon.fish; complete -C '${line}'`]);
    assert.equal(stderr, "");
    return stdout.split("\n").map((one) => one.split("\t")[0]);
  };
  assert.deepEqual(await complete("carillon takeo"), ["takeover"]);
  assert.deepEqual(await complete("carillon serve --takeo"), ["--takeover"]);
  assert.deepEqual(await complete("carillon profile sh"), ["show"]);
});

test("the manual page names every verb and option, and man finds no fault with it", async (t) => {
  const { code, stdout } = await carillon(["man"]);
  assert.equal(code, 0);
  const file = path.join(temporaryFolder(t), "carillon.1");
  writeFileSync(file, `${stdout}\n`);
  const checked = await run("groff", ["-man", "-Tutf8", "-ww", "-z", file]);
  assert.deepEqual([checked.code, checked.stderr], [0, ""]);
  const page = (await run("groff", ["-man", "-Tutf8", "-P-cbou", file])).stdout.replaceAll("‐", "-");
  for (const words of ["carillon serve", "carillon profile show", "carillon bench"]) assert.ok(page.includes(words), words);
  const { stdout: help } = await carillon(["serve", "--help"]);
  for (const option of help.match(/--[a-z-]+/g)) if (option !== "--help") assert.ok(page.includes(option), option);
});
