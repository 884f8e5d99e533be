// A gateway with a plain and a TLS address.
import { configText, startCarillon } from "./carillon.mjs";
import { tlsAddress } from "./tls.mjs";

// As startCarillon; server.addresses is { ws, wss }: "scheme://localhost:port" of a second plain address and of a
// TLS one. The certificate is one of makeCertificate.
export async function startBoth(t, certificate, options) {
  const listen = `listen = ["127.0.0.1:0", "127.0.0.1:0", ${tlsAddress("127.0.0.1:0", certificate)}]`;
  const server = await startCarillon(t, { ...options, text: configText(options).replace(/^listen = .*$/m, listen) });
  const [, ws, wss] = server.listen.map((address) => address.split(":").pop());
  server.addresses = { ws: `ws://localhost:${ws}`, wss: `wss://localhost:${wss}` };
  return server;
}
