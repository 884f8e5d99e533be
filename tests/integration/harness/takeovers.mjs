// What the tests of takeovers share: clients that connect at a steady rate, and how many sockets listen.
import { execFileSync } from "node:child_process";
import path from "node:path";

import { ROOT, startProcess, until, within } from "./process.mjs";
import { mintToken } from "./tokens.mjs";

const CONNECTOR = path.join(ROOT, "tests/integration/harness/connector.mjs");

// The sockets that listen on a port, of all processes.
export function listeners(port) {
  return execFileSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" }).split("\n").filter((line) => line !== "").length;
}

// Waits until as many sockets listen as there are shards.
export function untilListeners(port, shards, timeoutMs = 30_000) {
  return until(() => `${shards} listeners; there are ${listeners(port)}`, () => listeners(port) === shards, { timeoutMs, everyMs: 100 });
}

// Starts the connector (connector.mjs); `report()` ends it and returns what it saw.
export function startConnector(t, server, { rate, held = 0 }) {
  const connector = startProcess("node", [CONNECTOR, server.port, `/ws?token=${mintToken()}`, rate, held]);
  t.after(() => connector.child.kill("SIGKILL"));
  return {
    report: async () => {
      connector.child.stdin.write("end\n");
      await within("the clients' report", 30_000, connector.exited);
      return JSON.parse(connector.lines.stdout.at(-1));
    },
  };
}
