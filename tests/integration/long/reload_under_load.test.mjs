// Twenty reloads of every kind while clients are connected, come, and receive events.
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import test from "node:test";

import {
  SECRET, connectionCount, makeCertificate, mintToken, openClient, openPool, pause, publish, rawExchange, shakeHands,
  startReloadable, tlsAddress, until, upgradeHead,
} from "../harness.mjs";

const CLIENTS = 1000;
const RELOADS = 20;
const secretOf = (n) => `secret-number-${n}-of-the-reloads-under-load`;

function startLoad(server) {
  const load = { next: 0, stopped: false };
  load.done = (async () => {
    while (!load.stopped) {
      const { status } = await publish(server, Array.from({ length: 10 }, () => ({ channel: "orion.x", data: { n: load.next++ } })));
      assert.equal(status, 200);
      await pause(20);
    }
  })();
  load.stop = () => { load.stopped = true; return load.done; };
  return load;
}

test(`${RELOADS} reloads under load: no client is dropped, and each event arrives once`, async (t) => {
  const certificate = await makeCertificate(t);
  const listen = `["127.0.0.1:0", ${tlsAddress("127.0.0.1:0", certificate)}]`;
  const server = await startReloadable(t, { listen });
  const tlsPort = Number(server.listen[1].split(":").pop());
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: CLIENTS });
  const load = startLoad(server);
  t.after(() => load.stop());
  let secret = SECRET;
  let { ca } = certificate;
  for (let n = 1; n <= RELOADS; n += 1) {
    const before = mintToken({ sub: `user-${n}` }, { secret });
    const kind = ["key", "limit", "level", "certificate", "bad file"][n % 5];
    let expected = 0;
    let changed = { server: `http_idle_timeout = "${10 + n}s"` };
    if (kind === "key") {
      (await openClient(t, server.ws("/ws", before))).socket.close(1000);
      secret = secretOf(n);
      writeFileSync(server.secretFile, secret);
    } else if (kind === "limit") {
      changed = { endpoint: `limits.connections_per_ip = ${CLIENTS}\nlag.bytes_max = "${n}MiB"` };
    } else if (kind === "level") {
      changed = { extra: `[log]\nlevel = "${n % 2 ? "warning" : "info"}"` };
    } else if (kind === "certificate") {
      const renewed = await makeCertificate(t);
      copyFileSync(renewed.certFile, certificate.certFile);
      copyFileSync(renewed.keyFile, certificate.keyFile);
      ca = renewed.ca;
    } else {
      changed = { server: `http_idle_timeout = "${n} parsecs"` };
      expected = 1;
    }
    server.write(changed);
    const { code, stderr } = await server.reload();
    assert.equal(code, expected, `${kind}: ${stderr}`);
    if (kind === "key") {
      const refused = await rawExchange(server.port, upgradeHead(`/ws?token=${before}`));
      assert.equal(refused.status, 401, "a removed key admits no client from the first reload on");
    }
    if (kind === "limit") {
      const refused = await rawExchange(server.port, upgradeHead(`/ws?token=${before}`));
      assert.equal(refused.status, 503, "the open connections count");
    }
    const { socket, error } = await shakeHands(tlsPort, { ca });
    assert.equal(error, undefined, "the newest certificate is served");
    socket.destroy();
  }
  assert.equal((await pool.progress()).open, CLIENTS);
  await load.stop();
  await pool.waitForEach(load.next);
  const verdicts = await pool.judge(0, load.next);
  assert.deepEqual(verdicts.filter(({ faults, close }) => faults.length > 0 || close), []);
  await until("only they are connected", async () => (await connectionCount(server)) === CLIENTS);
});
