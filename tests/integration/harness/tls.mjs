// Certificates made by the tests, and TLS clients that show details which libraries hide.
import path from "node:path";
import tls from "node:tls";
import { readFileSync } from "node:fs";

import { run, temporaryFolder, within } from "./process.mjs";

// A self-signed certificate for localhost, its own CA: { certFile, keyFile, ca }.
export async function makeCertificate(t) {
  const folder = temporaryFolder(t);
  const certFile = path.join(folder, "server.pem");
  const keyFile = path.join(folder, "server.key");
  const made = await run("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", certFile, "-keyout", keyFile,
  ]);
  if (made.code !== 0) throw new Error(`openssl req: ${made.stderr}`);
  return { certFile, keyFile, ca: readFileSync(certFile, "utf8") };
}

// An item of server.listen as TOML.
export const tlsAddress = (addr, { certFile, keyFile }) =>
  `{ addr = "${addr}", tls = { cert = "${certFile}", key = "${keyFile}" } }`;

// A handshake by Node's tls: the open socket, or the error that ended it.
export function shakeHands(port, options = {}) {
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ...options });
  return within("a TLS handshake", 5000, new Promise((resolve) => {
    socket.once("secureConnect", () => resolve({ socket }));
    socket.once("error", (error) => resolve({ error }));
  }));
}
