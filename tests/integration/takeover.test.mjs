// `carillon serve --takeover`: another process takes over, and no client is refused, reset or short of an event.
import assert from "node:assert/strict";
import { readFileSync, readlinkSync } from "node:fs";
import net from "node:net";
import test from "node:test";

import {
  BINARY, api, carillon, listeners, makeCertificate, metrics, mintToken, openClient, openPool, pause, rawExchange, run, shakeHands, startProcess, startRedis,
  startReloadable, startTakeover, tlsAddress, until, upgradeHead, within,
} from "./harness.mjs";

test("a takeover under load", async (t) => {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url, shards: 2 });
  const pool = await openPool(t, { url: server.ws("/ws", mintToken()), count: 200, processes: 1 });
  const load = { next: 0, stopped: false };
  load.done = (async () => {
    while (!load.stopped) {
      await redis.publish("orion.x", ...Array.from({ length: 5 }, () => JSON.stringify({ n: load.next++ })));
      await pause(10);
    }
  })();
  const failures = [];
  const opened = [];
  const connecting = (async () => {
    while (!load.stopped) {
      const started = performance.now();
      try {
        const client = await openClient(t, server.ws("/ws", mintToken()));
        opened.push(performance.now() - started);
        client.socket.close(1000);
      } catch (error) {
        failures.push(String(error));
      }
      await pause(2);
    }
  })();
  await until("events flow", async () => (await pool.progress()).least > 20);
  const next = await startTakeover(t, server);
  assert.equal(next.port, server.port);
  assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
  await until("the new process has noticed", () => next.logs.some((log) => log.message === "the process before has ended"));
  const before = opened.length;
  await until("many have connected, and some to the new process", () => opened.length > Math.max(50, before + 5));
  load.stopped = true;
  await Promise.all([load.done, connecting]);

  await t.test("every attempt to connect ended with its 101, none after more than 2 s", () => {
    assert.deepEqual(failures, []);
    assert.ok(Math.max(...opened) < 2000, `${Math.max(...opened)} ms`);
  });

  await t.test("each client of the old process received every event until its close with 1001", async () => {
    for (const { faults, numbers, close } of await pool.verdicts()) {
      assert.deepEqual([faults, close?.code], [[], 1001]);
      assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, n) => numbers[0] + n));
    }
  });

  await t.test("as many sockets listen as there are shards", () => {
    assert.equal(listeners(server.port), 2);
  });

  await t.test("the control socket is the new process's", async () => {
    assert.equal((await next.reload()).code, 0);
    await next.waitForLog("the reload", (log) => log.message === "the configuration was reloaded");
  });
});

test("a TLS session is resumed in the new process", async (t) => {
  const redis = await startRedis(t);
  const certificate = await makeCertificate(t);
  const server = await startReloadable(t, { bus: redis.url, listen: `["127.0.0.1:0", ${tlsAddress("127.0.0.1:0", certificate)}]` });
  const port = Number(server.listen[1].split(":").pop());
  const ticket = new Promise((resolve) => {
    shakeHands(port, { ca: certificate.ca, maxVersion: "TLSv1.2" }).then(({ socket }) => resolve(socket.getSession()));
  });
  const session = await within("a ticket", 5000, ticket);
  const next = await startTakeover(t, server);
  assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
  const { socket, error } = await shakeHands(port, { ca: certificate.ca, session, maxVersion: "TLSv1.2" });
  assert.equal(error, undefined);
  assert.equal(socket.isSessionReused(), true);
  socket.destroy();
  assert.equal(next.listen.length, 2);
});

test("a new process that fails changes nothing for the running one", async (t) => {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url });
  const client = await openClient(t, server.ws("/ws", mintToken()));
  const takeOver = () => startProcess(BINARY, ["serve", "--config", server.file, "--takeover"], { env: server.environment });
  const stillServes = async () => {
    const before = client.messages.length;
    await redis.publish("orion.x", "1");
    await client.next(before + 1);
    (await openClient(t, server.ws("/ws", mintToken()))).socket.close(1000);
    assert.equal((await api(server, "GET", "/ready")).status, 200);
    assert.equal((await server.reload()).code, 0);
  };

  await t.test("with a bad configuration", async () => {
    server.write({ endpoint: "limits.conections = 1" });
    assert.equal((await within("its end", 10_000, takeOver().exited)).code, 2);
    server.write({});
    await stillServes();
  });

  await t.test("with a certificate whose key is another one", async () => {
    const [one, other] = [await makeCertificate(t), await makeCertificate(t)];
    server.write({ listen: `["127.0.0.1:0", ${tlsAddress("127.0.0.1:0", { ...one, keyFile: other.keyFile })}]` });
    const next = takeOver();
    assert.equal((await within("its end", 10_000, next.exited)).code, 2);
    assert.match(next.text(), /does not belong to the certificate/);
    server.write({});
    await stillServes();
  });

  await t.test("with an address that is in use", async () => {
    const inUse = net.createServer();
    await new Promise((resolve) => inUse.listen(0, "127.0.0.1", resolve));
    server.write({ listen: `["127.0.0.1:0", "127.0.0.1:${inUse.address().port}"]` });
    const next = takeOver();
    assert.equal((await within("its end", 10_000, next.exited)).code, 1);
    assert.match(next.text(), /address already in use/);
    inUse.close();
    server.write({});
    await stillServes();
  });

  await t.test("killed before its bus is up", async () => {
    await redis.kill();
    await until("not ready", async () => (await api(server, "GET", "/ready")).status === 503);
    server.write({ shards: 4 });
    const next = takeOver();
    await until("it takes over", () => next.text().includes("taking over"));
    // The kernel must not give any of them to a socket of the new process.
    for (let i = 0; i < 40; i += 1) {
      (await openClient(t, server.ws("/ws", mintToken()))).socket.close(1000);
    }
    process.kill(next.pid, "SIGKILL");
    await next.exited;
    server.write({});
    await redis.start();
    await until("ready", async () => (await api(server, "GET", "/ready")).status === 200);
    await stillServes();
  });
  assert.equal(client.close, null);
});

test("what cannot be taken over says why", async (t) => {
  const server = await startReloadable(t);
  const next = startProcess(BINARY, ["serve", "--config", server.file, "--takeover"], { env: server.environment });
  assert.equal((await within("its end", 10_000, next.exited)).code, 1);
  assert.match(next.text(), /cannot take over: events of an in-process bus \(memory:\) stay in the process/);
  assert.equal((await rawExchange(server.port, upgradeHead(`/ws?token=${mintToken()}`))).status, 101);
  assert.ok((await metrics(server)).sum("carillon_upgrades_total") >= 1);
});

test("`carillon takeover` starts the successor and waits until it serves", async (t) => {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url });
  // The successor keeps the standard error of the command, which is its log.
  const log = `${server.file}.log`;
  const { code, stdout } = await run("sh", ["-c", `'${BINARY}' takeover --config '${server.file}' 2>'${log}'`], { env: server.environment });
  assert.equal(code, 0, readFileSync(log, "utf8"));
  const pid = Number(/^Process (\d+) serves now/.exec(stdout)[1]);
  t.after(() => process.kill(pid, "SIGKILL"));
  // Otherwise `carillon takeover … | cat` would go on until the successor ends.
  assert.equal(readlinkSync(`/proc/${pid}/fd/1`), "/dev/null");
  server.toldToLeave = true;
  assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
  (await openClient(t, server.ws("/ws", mintToken()))).socket.close(1000);
  assert.equal((await server.reload()).code, 0);

  await t.test("a bad configuration is refused, and the successor goes on", async () => {
    server.write({ endpoint: "limits.conections = 1" });
    const refused = await carillon(["takeover", "--config", server.file]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /unknown key/);
    (await openClient(t, server.ws("/ws", mintToken()))).socket.close(1000);
  });
});

test("an address that is not configured any more is served until the old process has ended", async (t) => {
  const redis = await startRedis(t);
  const server = await startReloadable(t, { bus: redis.url, listen: '["127.0.0.1:0", "127.0.0.2:0"]' });
  const removed = Number(server.listen[1].split(":").pop());
  server.write({ listen: '["127.0.0.1:0"]' });
  const next = await startTakeover(t, server);
  assert.equal((await within("the old process has ended", 10_000, server.exited)).code, 0);
  await until("nothing listens there", () => listeners(removed) === 0);
  (await openClient(t, next.ws("/ws", mintToken()))).socket.close(1000);
});
