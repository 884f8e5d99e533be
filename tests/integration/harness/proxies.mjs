// Debian's nginx, HAProxy and Caddy, started with the files of deploy/ in front of two gateways. Only names, ports,
// paths and times that a test cannot use are replaced; a text that is no longer in a file fails the test.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import https from "node:https";
import path from "node:path";

import { startCarillon } from "./carillon.mjs";
import { openClient } from "./clients.mjs";
import { ROOT, freePort, startProcess, temporaryFolder, until, within } from "./process.mjs";
import { makeCertificate } from "./tls.mjs";

export const CLIENT = "127.0.0.5"; // where clients connect from: an address that is not the proxy's

// The pings of the first endpoint are 30 times as frequent as the profiles', and the proxies' limits as short.
const ENDPOINTS = `
[[endpoint]]
profile = "orion"
keepalive = { ping = "1s", timeout = "10s" }
[[endpoint]]
profile = "service"
keepalive = { ping = "off", timeout = "off" }`;

// Each: its file, the texts to replace, how to start it, and whether it cuts connections that are quiet for long.
export const PROXIES = {
  nginx: {
    file: "deploy/nginx/carillon.conf",
    replaced: ({ port, gateways, certificate, folder }) => [
      ["user www-data;\n", ""],
      ["/run/nginx.pid", `${folder}/nginx.pid`],
      ["worker_rlimit_nofile 140000;\n", ""],
      ["worker_connections 65536", "worker_connections 256"],
      ["/var/log/nginx", folder],
      ["http {\n", `http {\n${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};\n`).join("")}`],
      ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
      ["/etc/ssl/carillon/fullchain.pem", certificate.certFile],
      ["/etc/ssl/carillon/privkey.pem", certificate.keyFile],
      ["server 127.0.0.1:8001", `server 127.0.0.1:${gateways[0]}`],
      ["server 127.0.0.1:8002", `server 127.0.0.1:${gateways[1]}`],
      ["_read_timeout 90s", "_read_timeout 3s"],
      ["_send_timeout 90s", "_send_timeout 3s"],
    ],
    command: (file, folder) => ["nginx", "-p", folder, "-c", file, "-g", "daemon off;"],
    cutsQuietClients: true,
  },
  HAProxy: {
    file: "deploy/haproxy/haproxy.cfg",
    replaced: ({ port, gateways, certificate, folder }) => {
      const pem = path.join(folder, "carillon.pem");
      writeFileSync(pem, readFileSync(certificate.certFile, "utf8") + readFileSync(certificate.keyFile, "utf8"));
      return [
        ["    user haproxy\n    group haproxy\n", ""],
        ["/dev/log local0", "stdout format raw local0"],
        ["    maxconn 60000\n", "    maxconn 256\n"],
        ["bind :443", `bind 127.0.0.1:${port}`],
        ["/etc/haproxy/carillon.pem", pem],
        ["gateway1 127.0.0.1:8101", `gateway1 127.0.0.1:${gateways[0]}`],
        ["gateway2 127.0.0.1:8102", `gateway2 127.0.0.1:${gateways[1]}`],
        ["timeout tunnel 90s", "timeout tunnel 3s"],
      ];
    },
    command: (file) => ["haproxy", "-db", "-f", file],
    cutsQuietClients: true,
  },
  Caddy: {
    file: "deploy/caddy/Caddyfile",
    replaced: ({ port, gateways, certificate }) => [
      ["\tservers {\n", "\tadmin off\n\tauto_https disable_redirects\n\tservers {\n"],
      ["push.example.org {\n", `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate.certFile} ${certificate.keyFile}\n`],
      ["reverse_proxy 127.0.0.1:8001 127.0.0.1:8002", `reverse_proxy 127.0.0.1:${gateways[0]} 127.0.0.1:${gateways[1]}`],
    ],
    command: (file) => ["caddy", "run", "--adapter", "caddyfile", "--config", file],
    cutsQuietClients: false,
  },
};

export const fileOf = (proxy) => readFileSync(path.join(ROOT, proxy.file), "utf8");

// The lines for the gateways that the comment at the head of a file has.
export const gatewayLines = (text) => [...text.matchAll(/^# {5}(.*)$/gm)].map(([, line]) => line).join("\n");

// A gateway as the file's comment describes it, with its own free ports. `port` is where back ends publish to,
// `behind` where the proxy connects to.
async function startGateway(t, lines, redis) {
  const server = lines.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:0");
  const text = `${server}\ndrain = "2s"\ndrain_rate = 1\n[bus]\nurl = "${redis.url}"\n[log]\nlevel = "debug"\n[keys.main]\n` +
    `secret = { env = "CARILLON_JWT_SECRET" }\n[api]\nkeys = [{ env = "CARILLON_API_KEY" }]\n${ENDPOINTS}\n`;
  const gateway = await startCarillon(t, { text, bus: { url: redis.url } });
  const ports = gateway.listen.map((address) => Number(address.split(":").pop()));
  return Object.assign(gateway, { behind: ports[0], port: ports.at(-1) });
}

// The proxy, running, with two gateways behind it.
export async function startProxy(t, name, redis) {
  const proxy = PROXIES[name];
  const certificate = await makeCertificate(t);
  const text = fileOf(proxy);
  const gateways = [];
  for (let i = 0; i < 2; i += 1) gateways.push(await startGateway(t, gatewayLines(text), redis));
  let running;
  t.after(() => running?.stop()); // first, since it writes into the folder until its end
  const folder = temporaryFolder(t);
  const port = await freePort();
  const changed = proxy.replaced({ port, certificate, folder, gateways: gateways.map(({ behind }) => behind) })
    .reduce((whole, [before, after]) => {
      if (!whole.includes(before)) throw new Error(`${proxy.file} has no ${JSON.stringify(before)}`);
      return whole.replaceAll(before, () => after);
    }, text);
  const file = path.join(folder, path.basename(proxy.file));
  writeFileSync(file, changed);
  running = new RunningProxy({ proxy, port, folder, file, ca: certificate.ca, gateways });
  await until(`${name} answers`, () => running.answers(), { everyMs: 50 });
  return running;
}

class RunningProxy {
  constructor({ proxy, port, folder, file, ca, gateways }) {
    Object.assign(this, { port, folder, ca, gateways });
    const [command, ...words] = proxy.command(file, folder);
    this.process = startProcess(command, words, { env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } });
    this.process.exited.then((end) => { this.end = end; });
  }

  async answers() {
    if (this.end) throw new Error(`it left (${JSON.stringify(this.end)}):\n${this.process.text()}`);
    return this.request("GET", "/").then(({ status }) => status === 404, () => false);
  }

  // One request over TLS with the target as it is written: { status, text }. An upgrade counts as its status.
  request(method, target, { headers = {}, body } = {}) {
    return within(`${method} ${target}`, 10_000, new Promise((resolve, reject) => {
      const request = https.request({
        host: "127.0.0.1", servername: "localhost", localAddress: CLIENT, port: this.port, ca: this.ca, agent: false,
        method, path: target, headers: { Host: `localhost:${this.port}`, ...headers },
      }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => { text += chunk; });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      });
      request.on("upgrade", (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode, text: "" });
      });
      request.on("error", reject);
      request.end(body);
    }));
  }

  // A WebSocket client at CLIENT, over TLS.
  open(t, target, headers = {}) {
    return openClient(t, `wss://localhost:${this.port}${target}`, { ca: this.ca, family: 4, localAddress: CLIENT, headers });
  }

  // Everything that it has written: its output, and its log files.
  logs() {
    const files = readdirSync(this.folder).filter((name) => name.endsWith(".log"));
    return [this.process.text(), ...files.map((name) => readFileSync(path.join(this.folder, name), "utf8"))].join("\n");
  }

  async stop() {
    this.process.child.kill("SIGTERM");
    await within("the proxy is gone", 3000, this.process.exited).catch(() => this.process.child.kill("SIGKILL"));
  }
}
