// What operators install: the rules for Prometheus, the dashboard, and the pages about them, against the running
// gateway and a real Prometheus.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  RULES, ROOT, api, configText, families, hasKeys, makeCertificate, makeKey, metrics, metricsIn, metricsPage, mintToken,
  openClient, parsePrometheus, promtool, publish, run, startCarillon, startIssuer, startPrometheus, startRedis, tlsAddress,
  until, withoutFilters,
} from "./harness.mjs";

const read = (...parts) => readFileSync(path.join(ROOT, ...parts), "utf8");
const TROUBLESHOOTING = read("docs/troubleshooting.md");
const DASHBOARD = JSON.parse(read("deploy/grafana/carillon.json"));

// A gateway that has every metric: a broker, a TLS address, a key set, a route, a limit of an endpoint, two shards.
async function startEverything(t) {
  const [redis, certificate] = [await startRedis(t), await makeCertificate(t)];
  const issuer = await startIssuer(t, { keys: [makeKey("a")] });
  const extra = `[keys.id]\nalgorithms = ["ES256"]\njwks_url = "${issuer.url}/keys"`;
  const endpoints = [{ profile: "orion", "limits.connections": 500 }, { profile: "service" }];
  const text = configText({ bus: { url: redis.url }, server: { shards: 2 }, endpoints, extra });
  const listen = `listen = ["127.0.0.1:0", ${tlsAddress("127.0.0.1:0", certificate)}]`;
  const server = await startCarillon(t, { text: text.replace(/^listen = .*$/m, listen) });
  await server.waitForLog("the bus is up", (log) => log.message === "bus is up");
  await hasKeys(server, 1);
  return server;
}

// Events that reach clients, until `done` resolves.
async function load(t, server, done) {
  const clients = await Promise.all(Array.from({ length: 5 }, () => openClient(t, server.ws("/ws", mintToken()))));
  let running = true;
  const finished = done.finally(() => { running = false; });
  for (let n = 0; running; n += 1) {
    const { status } = await publish(server, Array.from({ length: 20 }, (_, i) => ({ channel: "orion.x", data: { n, i } })));
    assert.equal(status, 200);
    await clients[0].next((n + 1) * 20);
  }
  return finished;
}

// The result of `ask` for each of `items`, once every one has something; the message names those that have nothing.
async function allOf(items, name, ask) {
  const results = new Map();
  const missing = () => items.filter((item) => !results.has(item));
  await until(() => `a series for each of:\n${missing().map(name).join("\n")}`, async () => {
    for (const item of missing()) {
      const series = await ask(item);
      if (series.length > 0) results.set(item, series);
    }
    return missing().length === 0;
  }, { timeoutMs: 15_000, everyMs: 200 });
  return results;
}

const withVariables = (expr) =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*").replaceAll("$endpoint", ".*");

// Everything that the dashboard asks: [{ title, expr }].
function dashboardQueries() {
  const panels = DASHBOARD.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  const marks = DASHBOARD.annotations.list.map(({ name, expr }) => ({ title: name, expr }));
  const variables = DASHBOARD.templating.list.filter(({ type }) => type === "query").map(({ name, definition }) => {
    const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(definition);
    return { title: `the variable ${name}`, expr: `count by (${label}) (${selector})` };
  });
  return [...panels, ...marks, ...variables];
}

// The sections of docs/troubleshooting.md, by the anchors that GitHub makes of their headings.
const anchors = new Set([...TROUBLESHOOTING.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
  title.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")));

function rowsOfSection(title) {
  const [section] = TROUBLESHOOTING.split(`### ${title}\n`)[1].split(/^#/m);
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name).sort();
}

test("the rules and their tests are accepted by promtool", async () => {
  for (const args of [["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]]) {
    const { code, stdout, stderr } = await promtool(args);
    assert.equal(code, 0, `promtool ${args.join(" ")}:\n${stdout}\n${stderr}`);
  }
});

test("metrics and pages of a gateway that has everything", async (t) => {
  const server = await startEverything(t);
  const page = (await metrics(server)).text;
  const names = families(page).map(({ name }) => name);

  await t.test("promtool check metrics has no complaint", async () => {
    const { code, stdout, stderr } = await promtool(["check", "metrics"], { input: page });
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  });

  await t.test("docs/monitoring.md lists every metric and every value of a label", () => {
    const { actual, expected } = metricsPage(page);
    assert.equal(actual, expected, "renew it: CARILLON_UPDATE_DOCS=1 node --test tests/integration/monitoring.test.mjs");
    for (const { name, help, type } of families(page)) {
      assert.ok(help.length > 15 && /^[A-Z1]/.test(help) && !help.endsWith("."), `${name}: ${help}`);
      assert.equal(type === "counter", name.endsWith("_total"), name);
    }
  });

  await t.test("docs/troubleshooting.md explains every reason, and names only metrics and log lines that exist", async () => {
    const reasons = (name) => [...new Set(parsePrometheus(page).filter((s) => s.name === name).map((s) => s.labels.reason))].sort();
    assert.deepEqual(rowsOfSection("Refusals"), reasons("carillon_refusals_total"));
    assert.deepEqual(rowsOfSection("Closes"), reasons("carillon_closes_total"));
    assert.deepEqual(rowsOfSection("Dropped events"), reasons("carillon_events_dropped_total"));
    const known = [...names, ...reasons("carillon_refusals_total")];
    const named = [...TROUBLESHOOTING.matchAll(/`((?:carillon|process)_\w+)/g)].map(([, name]) => name);
    assert.deepEqual(named.filter((name) => !known.includes(name)), []);
    const { stdout } = await run("grep", ["-rh", "--include=*.cc", '"', "src"]);
    const literals = stdout.replace(/"\n\s*"/g, ""); // a long one is in several pieces
    for (const [, message] of TROUBLESHOOTING.matchAll(/`"([^"`]+)"`/g)) {
      assert.ok(message === "message" || literals.includes(`"${message}"`), `no log line "${message}" in src`);
    }
    for (const [, anchor] of TROUBLESHOOTING.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(anchors.has(anchor), anchor);
  });
});

test("a real Prometheus with the rules", async (t) => {
  const server = await startEverything(t);
  const prometheus = await startPrometheus(t, server);
  await load(t, server, allOf(dashboardQueries(), ({ title, expr }) => `${title}: ${expr}`,
    ({ expr }) => prometheus.query(withoutFilters(withVariables(expr)))));
  const rules = await prometheus.rules();
  const alerts = rules.filter(({ type }) => type === "alerting");
  let series;

  await t.test("every expression of the rules has a series", async () => {
    series = await allOf(rules, ({ name, query }) => `${name}: ${query}`, ({ query }) => prometheus.query(withoutFilters(query)));
    assert.ok(alerts.length > 30);
  });

  await t.test("every alert has a severity, sentences, labels that exist, and a section in docs/troubleshooting.md", () => {
    for (const alert of alerts) {
      const { name, labels, annotations: { summary, description, runbook } } = alert;
      assert.match(labels.severity, /^(?:critical|warning|info)$/, name);
      for (const text of [summary, description]) assert.match(text, /^[A-Z{].*\.$/, name);
      assert.equal(runbook, `docs/troubleshooting.md#${name.toLowerCase()}`);
      assert.ok(anchors.has(name.toLowerCase()), `no section ${name}`);
      if (alert.query.includes("absent(")) continue;
      const known = Object.keys(series.get(alert)[0].metric);
      for (const [, label] of `${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)) assert.ok(known.includes(label), `${name}: ${label}`);
    }
    const sections = [...TROUBLESHOOTING.matchAll(/^### (Carillon\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(sections.sort(), alerts.map(({ name }) => name).sort());
  });

  await t.test("every alert fires in a test of alerts_test.yml, and the healthy gateway there has its metrics", () => {
    const [, healthy, ...faults] = readFileSync(path.join(RULES, "alerts_test.yml"), "utf8").split(/^ {2}- name: /m);
    for (const { name, query } of alerts) {
      assert.match(faults.join(), new RegExp(`alertname="${name}",alertstate="firing"|alertname: ${name}\\n.*\\n\\s+exp_alerts:\\n`), name);
      for (const metric of metricsIn(query)) assert.ok(healthy.includes(`'${metric}`), `${name}: ${metric}`);
    }
  });

  await t.test("a healthy gateway causes no alert, except for its certificate of one day", async () => {
    const firing = await prometheus.query("ALERTS");
    const known = ["CarillonCertificateExpiresSoon", "CarillonCertificateExpiresVerySoon"];
    assert.deepEqual(firing.map(({ metric }) => metric.alertname).sort(), known);
    assert.equal((await api(server, "GET", "/ready")).status, 200);
  });
});
