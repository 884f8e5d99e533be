// Reads docs/protocols and docs/publishing.md: the code fences and tables, so that the tests can compare the pages with the gateway.
import { readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./process.mjs";

export const PROTOCOLS = path.join(ROOT, "docs/protocols");
export const PROFILES = ["orion", "service", "fluxora", "grimnir"];
// What `carillon dev` serves: those, and Carillon's own, whose page is a specification and has another form.
export const BUILT_IN = ["carillon", ...PROFILES];

export class Page {
  constructor(name, folder = PROTOCOLS) {
    this.name = name;
    this.text = readFileSync(path.join(folder, `${name}.md`), "utf8");
  }

  // The contents of the fences whose info string is exactly this.
  fences(info) {
    return [...this.text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].filter((match) => match[1] === info).map((match) => match[2]);
  }

  fence(info) {
    const found = this.fences(info);
    if (found.length !== 1) throw new Error(`${this.name}.md has ${found.length} fences of ${info}`);
    return found[0];
  }

  section(heading) {
    const match = new RegExp(`^## ${heading}\\n(.*?)(?=^## |$(?![\\s\\S]))`, "ms").exec(this.text);
    if (!match) throw new Error(`${this.name}.md has no section ${heading}`);
    return match[1];
  }

  // The rows of a section's first table, without its head: arrays of cells.
  table(heading) {
    const rows = /((?:^\|.*\|\n)+)/m.exec(this.section(heading))[1].trimEnd().split("\n").slice(2);
    return rows.map((row) => row.slice(1, -1).split(/(?<=\s)\|(?=\s|$)/).map((cell) => cell.trim()));
  }

  // [{ command, output }] of a ```console fence.
  consoles() {
    return this.fences("console").map((text) => text.split(/^\$ /m).slice(1).map((part) => {
      const [command, ...output] = part.trimEnd().split("\n");
      return { command, output };
    }));
  }
}

// What stands between backquotes.
export const codes = (text) => [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
export const code = (cell) => codes(cell)[0] ?? "";

// The page's address, its bus and where its tokens come from, put in place of the examples.
export function localised(text, { port, redisPort, tokenPort, tokenPath = "/token" }) {
  return text
    .replaceAll(/localhost:(8000|3000)\b/g, `127.0.0.1:${port}`)
    .replaceAll("redis://127.0.0.1:6379", `redis://127.0.0.1:${redisPort}`)
    .replaceAll("http://localhost:9000/token", `http://127.0.0.1:${tokenPort}${tokenPath}`)
    .replaceAll('fetch("/token")', `fetch("${tokenPath}")`);
}
