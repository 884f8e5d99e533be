// What is shipped: its size, its types, its package.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import test from "node:test";
import { gzipSync } from "node:zlib";

import { Carillon } from "../carillon.js";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const GZIPPED_BYTES_MAX = 5 * 1024;

test("the module has at most 5 KB gzipped, and imports nothing", () => {
  const text = read("carillon.js");
  const { length } = gzipSync(text, { level: 9 });
  assert.ok(length <= GZIPPED_BYTES_MAX, `${length} bytes`);
  assert.doesNotMatch(text, /\bimport\b|\brequire\b/);
  assert.equal(stripVTControlCharacters(text), text);
});

test("the package exports files that exist, and only such", () => {
  const description = JSON.parse(read("package.json"));
  assert.equal(description.name, "carillon-client");
  assert.equal(description.type, "module");
  assert.equal(description.license, "Apache-2.0");
  assert.deepEqual(description.dependencies, undefined);
  const { types, default: module } = description.exports["."];
  for (const file of [types, module, description.types, description.main, ...description.files]) {
    assert.ok(existsSync(new URL(`../${file}`, import.meta.url)), file);
  }
});

// There is no TypeScript here, so this compares names: a public member without a type, or the other way round.
test("the types have the public members of the class", () => {
  const [, body] = /export class Carillon \{\n([^]*?)\n\}/.exec(read("carillon.d.ts"));
  const typed = new Set([...body.matchAll(/^ {2}(?:readonly )?(\w+)[:(<]/gm)].map(([, name]) => name));
  const client = new Carillon("ws://gateway.test/", { WebSocket: class {} });
  const present = new Set([...Object.getOwnPropertyNames(Carillon.prototype), ...Object.keys(client)]);
  assert.deepEqual([...typed].sort(), [...present].sort());
});

test("the types have the options and reasons that the module reads", () => {
  const [types, module] = [read("carillon.d.ts"), read("carillon.js")];
  const options = new Set([...module.matchAll(/const \{ ([\w, ]+) \} = this\.#options/g)].flatMap(([, names]) => names.split(", ")));
  assert.ok(options.size >= 4);
  for (const name of [...options, "last", "position", "onGap", "onRecovered", "limit", "after"]) {
    assert.match(types, new RegExp(`\\b${name}\\?:`), name);
  }
});

test("each error code of the module is in the README", () => {
  const page = read("README.md");
  const codes = [...read("carillon.js").matchAll(/(?:failure|#error)\("(\w+)"/g)].map(([, code]) => code);
  assert.ok(codes.length >= 8);
  for (const code of codes) assert.ok(page.includes(`\`${code}\``), code);
});
