// Runs the snippets of docs/protocols in their own runtimes. Each becomes { lines, stop() }.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { launchBrowser } from "./browser.mjs";
import { PYTHON, ROOT, run, startProcess } from "./process.mjs";

const INTEGRATION = path.join(ROOT, "tests/integration");

function started(t, command, args, options) {
  const { child, lines, text } = startProcess(command, args, options);
  t.after(() => child.kill("SIGKILL"));
  return { lines: lines.stdout, text };
}

function file(folder, name, text) {
  mkdirSync(folder, { recursive: true });
  const target = path.join(folder, name);
  writeFileSync(target, text);
  return target;
}

// `snippets` is { profile: code }; the answer { profile: { lines, text } }.
function each(snippets, start) {
  return Object.fromEntries(Object.entries(snippets).map(([profile, code]) => [profile, start(profile, code)]));
}

export function runNode(t, folder, snippets) {
  mkdirSync(folder, { recursive: true });
  symlinkSync(path.join(INTEGRATION, "node_modules"), path.join(folder, "node_modules"));
  return each(snippets, (profile, code) => started(t, "node", [file(folder, `${profile}.mjs`, code)]));
}

export function runPython(t, folder, snippets) {
  return each(snippets, (profile, code) => started(t, PYTHON, [file(folder, `${profile}.py`, code)]));
}

// One build for all, with the libraries of tests/clients.
export async function runGo(t, folder, snippets) {
  mkdirSync(folder);
  for (const name of ["go.mod", "go.sum"]) cpSync(path.join(ROOT, "tests/clients/go", name), path.join(folder, name));
  for (const [profile, code] of Object.entries(snippets)) file(path.join(folder, profile), "main.go", code);
  mkdirSync(path.join(folder, "bin"));
  const env = { GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
  const { code, stderr } = await run("go", ["build", "-o", "bin/", "./..."], { cwd: folder, env, timeoutMs: 180_000 });
  if (code !== 0) throw new Error(`go build: ${stderr}`);
  return each(snippets, (profile) => started(t, path.join(folder, "bin", profile), []));
}

export function runJava(t, folder, snippets) {
  return each(snippets, (profile, code) => {
    const name = /public class (\w+)/.exec(code)[1];
    return started(t, "java", ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", file(folder, `${name}.java`, code)]);
  });
}

// One Chromium, a page each. `pageUrl(profile)` serves the snippet in a <script>.
export async function runBrowser(t, snippets, pageUrl) {
  const browser = await launchBrowser(t);
  const answers = {};
  for (const profile of Object.keys(snippets)) {
    const page = await browser.newPage();
    const lines = [];
    page.on("console", (message) => lines.push(message.text()));
    page.on("pageerror", (error) => lines.push(String(error)));
    await page.goto(pageUrl(profile));
    answers[profile] = { lines, text: () => lines.join("\n") };
  }
  return answers;
}
