// The tables of docs/monitoring.md, made of what a gateway answers to GET /metrics.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parsePrometheus } from "./metrics.mjs";
import { ROOT } from "./process.mjs";

const PAGE = path.join(ROOT, "docs/monitoring.md");
// Labels whose values the configuration, the machine or the version decides.
const OPEN_LABELS = ["endpoint", "key", "listen", "shard", "version"];

// All families in the order of the page: [{ name, type, help, labels: Map(label → Set of values) }].
export function families(text) {
  const found = new Map();
  for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.*)$/gm)) {
    found.set(name, { name, help: help.replace(/\\\\/g, "\\"), type: "", labels: new Map() });
  }
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (.*)$/gm)) found.get(name).type = type;
  for (const { name, labels } of parsePrometheus(text)) {
    const family = found.get(name) ?? found.get(name.replace(/_(?:bucket|sum|count)$/, ""));
    for (const [label, value] of Object.entries(labels)) {
      if (label === "le") continue;
      if (!family.labels.has(label)) family.labels.set(label, new Set());
      family.labels.get(label).add(value);
    }
  }
  return [...found.values()];
}

const code = (words) => [...words].map((word) => `\`${word}\``).join(", ");
const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

function tables(text) {
  const all = families(text);
  return {
    metrics: table(["name", "type", "labels", "meaning"],
      all.map(({ name, type, labels, help }) => [code([name]), type, code(labels.keys()), help.replace(/\|/g, "\\|")])),
    labels: table(["metric", "label", "values"], all.flatMap(({ name, labels }) =>
      [...labels].filter(([label]) => !OPEN_LABELS.includes(label)).map(([label, values]) => [code([name]), code([label]), code(values)]))),
  };
}

// The page as it is, and as it must be for this gateway. With CARILLON_UPDATE_DOCS=1 it is written.
export function metricsPage(text) {
  const actual = readFileSync(PAGE, "utf8");
  let expected = actual;
  for (const [name, rows] of Object.entries(tables(text))) {
    expected = expected.replace(new RegExp(`(<!-- ${name}: .*-->\n)[^]*?(<!-- end of ${name} -->)`), (_, begin, end) => `${begin}${rows}\n${end}`);
  }
  if (process.env.CARILLON_UPDATE_DOCS) writeFileSync(PAGE, expected);
  return { actual: process.env.CARILLON_UPDATE_DOCS ? expected : actual, expected };
}
