// The names of metrics that tests rely on, in one place, and a reader of the Prometheus text format.
import { api } from "./http.mjs";

export const METRIC = {
  connections: "carillon_connections", // {endpoint}
  eventsIn: "carillon_bus_events_received_total",
  eventsDropped: "carillon_events_dropped_total", // {reason}
  deliveries: "carillon_deliveries_total",
  deliveredBytes: "carillon_client_sent_bytes_total",
  writes: "carillon_writes_total",
  closes: "carillon_closes_total", // {endpoint, reason}
  refusals: "carillon_refusals_total", // {reason}
  busUp: "carillon_bus_up",
  busGaps: "carillon_bus_gaps_total",
  loopLag: "carillon_loop_lag_max_seconds",
};

// Samples as [{ name, labels, value }]. Throws on a line that is no sample and no comment.
export function parsePrometheus(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
    if (!match) throw new Error(`not a Prometheus sample: ${line}`);
    const labels = {};
    for (const [, key, value] of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[key] = value.replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char));
    }
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return samples;
}

// The server's metrics now. `sum` adds all samples of a name whose labels match; `has` asks
// whether there is any; `by` gives { label value: sum }.
export async function metrics(server) {
  const { status, text } = await api(server, "GET", "/metrics");
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  const samples = parsePrometheus(text);
  const chosen = (name, labels) =>
    samples.filter((s) => s.name === name && Object.entries(labels).every(([key, value]) => s.labels[key] === value));
  return {
    text,
    has: (name, labels = {}) => chosen(name, labels).length > 0,
    sum: (name, labels = {}) => chosen(name, labels).reduce((total, sample) => total + sample.value, 0),
    by: (name, label) => {
      const sums = {};
      for (const s of chosen(name, {})) sums[s.labels[label]] = (sums[s.labels[label]] ?? 0) + s.value;
      return sums;
    },
  };
}

export const connectionCount = async (server, endpoint = "orion") =>
  (await metrics(server)).sum(METRIC.connections, { endpoint });
