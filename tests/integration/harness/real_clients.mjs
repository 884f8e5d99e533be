// Real client libraries behind one interface, each in its own language: see tests/clients/README.md.
import path from "node:path";
import WebSocket from "ws";

import { startBrowser } from "./browser.mjs";
import { PYTHON, ROOT, run, startProcess, within } from "./process.mjs";
import { RealClient } from "./real_client.mjs";

const SOURCES = path.join(ROOT, "tests/clients");
export const GO_CLIENT = path.join(ROOT, "build/clients/go_client");

// What ./test has done before; by hand it is done here, and Go's cache makes it short.
let goBuild;
export function buildGoClient() {
  goBuild ??= run("go", ["build", "-buildvcs=false", "-o", GO_CLIENT, "."], { cwd: path.join(SOURCES, "go"), timeoutMs: 180_000 })
    .then(({ code, stderr, error }) => {
      if (code !== 0) throw new Error(`the Go clients do not build: ${stderr || error}`);
    });
  return goBuild;
}

const goAgent = (library) => async (t, options) => {
  await buildGoClient();
  return startAgent(t, GO_CLIENT, ["agent", library], options);
};

// Each starts with (t, { certificate }): { open(url, headers) }. `certificate`: { certFile, ca } to trust.
export const LIBRARIES = {
  "npm ws": async (t, options) => new NodeClients(t, options),
  "Python websockets": (t, options) => startAgent(t, PYTHON, [path.join(SOURCES, "python/agent.py")], options),
  "Go gorilla/websocket": goAgent("gorilla"),
  "Go coder/websocket": goAgent("coder"),
  "Go nhooyr.io/websocket": goAgent("nhooyr"),
  "Java java.net.http": (t, options) => startAgent(t, "java", ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", path.join(SOURCES, "java/Agent.java")], options),
  "Chromium WebSocket": startBrowser,
};

class NodeClients {
  constructor(t, { certificate } = {}) {
    this.t = t;
    this.options = certificate ? { ca: certificate.ca } : {};
  }

  open(url, headers = {}) {
    const socket = new WebSocket(url, { ...this.options, headers });
    const client = new RealClient((word, text) => (word === "send" ? socket.send(text) : socket.close(1000, "done")));
    this.t.after(() => socket.terminate());
    socket.on("open", () => client.note("open"));
    socket.on("message", (data, isBinary) => (isBinary ? client.note("binary") : client.note("text", data.toString())));
    socket.on("close", (code, reason) => client.note("close", code, reason.toString()));
    socket.on("unexpected-response", (request, response) => {
      client.note("refused", response.statusCode, response.statusMessage);
      request.destroy();
    });
    socket.on("error", (error) => client.isOpen || client.refused || client.note("refused", 0, error.message));
    return client.opened();
  }
}

const encode = (text) => Buffer.from(text).toString("base64");
const decode = (text) => Buffer.from(text ?? "", "base64").toString();

// A process that speaks the lines of tests/clients/README.md.
function startAgent(t, command, args, { certificate } = {}) {
  const clients = new Map();
  const agent = startProcess(command, args, {
    env: certificate ? { CLIENT_CA: certificate.certFile } : {},
    onLine: (line, stream) => {
      if (stream !== "stdout") return;
      const [id, kind, ...words] = line.split("\t");
      if (kind === "text") words[0] = decode(words[0]);
      else if (words.length > 1) words[1] = decode(words[1]);
      clients.get(id).note(kind, ...words);
    },
  });
  let ended = false;
  agent.exited.then(() => { ended = true; });
  t.after(async () => {
    agent.child.stdin.end();
    await within(`${command} leaves`, 10_000, agent.exited).finally(() => agent.child.kill("SIGKILL"));
  });
  const report = (...words) => {
    if (ended) throw new Error(`${command} is gone: ${agent.text()}`);
    agent.child.stdin.write(`${words.join("\t")}\n`);
  };
  return {
    open(url, headers = {}) {
      const id = String(clients.size);
      const client = new RealClient((word, text) => report(word, id, ...(text === undefined ? [] : [encode(text)])));
      clients.set(id, client);
      report("open", id, url, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`));
      return client.opened().catch((error) => { throw new Error(`${error.message}: ${agent.text()}`); });
    },
  };
}
