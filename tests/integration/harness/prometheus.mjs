// Debian's Prometheus, started by a test: a free port on loopback, temporary storage, a second between scrapes.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";

import { ROOT, freePort, run, startProcess, temporaryFolder, until, within } from "./process.mjs";

export const RULES = path.join(ROOT, "deploy/prometheus");

export const promtool = (args, options = {}) => run("promtool", args, { cwd: RULES, ...options });

// Starts Prometheus with the example configuration and the rules of deploy/prometheus; it scrapes the gateway `server`.
export async function startPrometheus(t, server) {
  let prometheus;
  t.after(() => prometheus?.stop()); // first, since it writes into the folder until its end
  const folder = temporaryFolder(t);
  copyFileSync(path.join(RULES, "alerts.yml"), path.join(folder, "alerts.yml"));
  const example = readFileSync(path.join(RULES, "prometheus.yml"), "utf8");
  const config = example.replace(/_interval: 15s/g, "_interval: 1s").replace("127.0.0.1:8000", `127.0.0.1:${server.port}`);
  writeFileSync(path.join(folder, "prometheus.yml"), config);
  prometheus = new Prometheus(await freePort(), folder);
  await until("Prometheus is ready", () => prometheus.isReady(), { everyMs: 50 });
  return prometheus;
}

class Prometheus {
  constructor(port, folder) {
    this.port = port;
    this.process = startProcess("prometheus", [
      `--config.file=${folder}/prometheus.yml`, `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${folder}/data`,
      "--storage.tsdb.retention.size=64MB", "--query.max-concurrency=2", "--query.timeout=10s", "--log.level=warn",
    ], { env: { GOMAXPROCS: "1", GOMEMLIMIT: "256MiB" } });
    this.process.exited.then((end) => { this.end = end; });
  }

  async isReady() {
    if (this.end) throw new Error(`prometheus left (${JSON.stringify(this.end)}):\n${this.process.text()}`);
    return this.get("/-/ready").then(({ status }) => status === 200, () => false);
  }

  get(target) {
    return new Promise((resolve, reject) => {
      const request = http.get({ host: "127.0.0.1", port: this.port, path: target, agent: false, timeout: 10_000 }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
      });
      request.on("timeout", () => request.destroy(new Error(`${target}: no answer`)));
      request.on("error", reject);
    });
  }

  // The data of an answer of its HTTP API; throws the error that it names.
  async api(target) {
    const { text } = await this.get(`/api/v1/${target}`);
    const answer = JSON.parse(text);
    if (answer.status !== "success") throw new Error(`${decodeURIComponent(target)}: ${answer.error}`);
    return answer.data;
  }

  // The series that an expression has now: [{ metric: { label: value }, value }].
  async query(expr) {
    const { resultType, result } = await this.api(`query?query=${encodeURIComponent(expr)}`);
    return resultType === "vector" ? result : [{ metric: {}, value: result }];
  }

  // All rules: [{ name, type, query, annotations, labels }]. type is "alerting" or "recording".
  async rules() {
    return (await this.api("rules")).groups.flatMap((group) => group.rules);
  }

  async stop() {
    this.process.child.kill("SIGTERM");
    await within("prometheus is gone", 5000, this.process.exited).catch(() => this.process.child.kill("SIGKILL"));
  }
}

// The expression with every comparison giving 0 or 1, so that it has a series also where the comparison is not true.
// It fails in the same way as the expression itself where metrics are missing or labels do not match.
export function withoutFilters(expr) {
  const parts = expr.split(/(\{[^}]*\}|"[^"]*")/);
  const changed = (text) => text.replace(/==|!=|>=|<=|>|</g, "$& bool ").replace(/\babsent\(/g, "group(");
  return parts.map((part, index) => (index % 2 === 1 ? part : changed(part))).join("");
}

// The names of Carillon's and the process's metrics in an expression, without the endings of a histogram's series.
export const metricsIn = (expr) =>
  [...expr.replace(/"[^"]*"/g, "").matchAll(/(?<![\w:])(?:carillon|process)_\w+/g)]
    .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ""));
