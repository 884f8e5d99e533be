// `carillon dev --profile mine.toml`: the loop in which somebody writes a protocol. Each change of the file is served
// at once, and clients, tokens and the port outlive it.
import assert from "node:assert/strict";
import { appendFileSync, closeSync, openSync, readFileSync, readdirSync, renameSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";

import { api, openClient, pause, startDev, temporaryFolder, until, within } from "./harness.mjs";

const profile = ({ event = '{"word":$body/word}', at = "/mine", more = "" } = {}) => `
path = "${at}"
auth.sources = ["query:token"]
source.channels = ["mine.*"]
frames.event = '${event}'
shutdown_code = 4100
shutdown_reason = "back in a moment"
${more}`;

// A gateway with this profile in a file, without samples unless `args` ask for them.
async function startLoop(t, { text = profile(), args = ["--no-samples"] } = {}) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "mine.toml");
  writeFileSync(file, text);
  const dev = await startDev(t, ["--profile", "mine.toml", ...args], { cwd: folder });
  return Object.assign(dev, { folder, file });
}

function publishWord(dev, word) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${dev.apiKey}` };
  return api(dev, "POST", "/v1/publish", { headers, body: JSON.stringify({ channel: "mine.a", data: { word } }) });
}

// How many folders a process watches with inotify.
function watchedFolders(pid) {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).map((fd) => readFileSync(path.join(folder, fd), "utf8")).join("").match(/^inotify wd:/gm)?.length ?? 0;
}

// The frame that a new client receives of an event.
async function frameOf(t, dev, word) {
  const client = await openClient(t, dev.urls().mine);
  assert.equal((await publishWord(dev, word)).status, 200);
  return String((await client.next(1))[0].data);
}

test("a profile of one's own", async (t) => {
  const dev = await startLoop(t);

  await t.test("is served with the built-in ones, and what is to be pasted is about it", async (t2) => {
    assert.deepEqual(Object.keys(dev.urls()), ["mine", "carillon", "fluxora", "grimnir", "orion", "service"]);
    assert.match(dev.screen, /A change of mine\.toml is applied as soon as it is saved\./);
    assert.match(dev.pasteable("curl")[0], /-d '\{"channel":"mine\.sample","data":\{"n":1,"word":"sample"\}\}'$/);
    assert.equal(await frameOf(t2, dev, "a"), '{"word":"a"}');
  });

  await t.test("a client that reconnects sees the new frames, with the token from before", async (t2) => {
    const token = dev.token;
    const client = await openClient(t2, dev.urls().mine);
    writeFileSync(dev.file, profile({ event: '{"is":$body/word}' }));
    const { code, reason } = await within("closed", 5000, client.closed);
    assert.deepEqual([code, reason], [4100, "back in a moment"]);
    assert.equal(await dev.waitForLine(/changed/), "mine.toml changed: frames.event; restarted, 1 client closed");
    assert.equal(await frameOf(t2, dev, "b"), '{"is":"b"}');
    assert.equal(dev.token, token);
  });

  await t.test("a change that a running process can use closes no client", async (t2) => {
    const client = await openClient(t2, dev.urls().mine);
    writeFileSync(dev.file, profile({ event: '{"is":$body/word}', more: "inbound.message_bytes_max = 10" }));
    assert.equal(await dev.waitForLine(/changed/), "mine.toml changed: inbound.message_bytes_max; in use now, no client closed");
    client.socket.send("more than ten bytes");
    assert.equal((await within("closed", 5000, client.closed)).code, 1009);
  });

  await t.test("a mistake changes nothing, and is shown with its line and what to write instead", async (t2) => {
    const client = await openClient(t2, dev.urls().mine);
    writeFileSync(dev.file, profile({ more: 'keepalive.pnig = "1s"' }));
    await dev.waitForLine(/^mine\.toml has a mistake, and the version before goes on serving:$/);
    assert.equal(await dev.waitForLine(/keepalive/), '  mine.toml:8: keepalive.pnig: unknown key; did you mean "ping"?');
    assert.equal(await frameOf(t2, dev, "c"), '{"is":"c"}');
    assert.equal(client.close, null);
    writeFileSync(dev.file, profile({ event: '"$body"' }));
    await dev.waitForLine(/^ {2}mine\.toml:5: frames\.event: at byte \d+: /);
  });

  await t.test("a file that an editor replaces by renaming is served", async (t2) => {
    writeFileSync(`${dev.file}.new`, profile({ event: '{"renamed":$body/word}' }));
    renameSync(`${dev.file}.new`, dev.file);
    await dev.waitForLine(/^mine\.toml changed: .*frames\.event.*; restarted/);
    assert.equal(await frameOf(t2, dev, "d"), '{"renamed":"d"}');
  });

  await t.test("a file that is truncated and then written in pieces is read when it is whole", async (t2) => {
    const text = profile({ event: '{"pieces":$body/word}' });
    const before = dev.told().length;
    const file = openSync(dev.file, "w");
    for (let at = 0; at < text.length; at += 30) {
      writeSync(file, text.slice(at, at + 30));
      await pause(20);
    }
    closeSync(file);
    await dev.waitForLine(/^mine\.toml changed: frames\.event; restarted/);
    assert.deepEqual(dev.told().slice(before).filter((line) => line.includes("mistake")), []);
    assert.equal(await frameOf(t2, dev, "e"), '{"pieces":"e"}');
  });

  await t.test("a file that is deleted goes on being served, and is read when it is there again", async (t2) => {
    const client = await openClient(t2, dev.urls().mine);
    unlinkSync(dev.file);
    assert.equal(await frameOf(t2, dev, "f"), '{"pieces":"f"}');
    assert.equal(client.close, null);
    writeFileSync(dev.file, profile({ event: '{"back":$body/word}' }));
    await dev.waitForLine(/^mine\.toml changed: frames\.event; restarted/);
    assert.equal(await frameOf(t2, dev, "g"), '{"back":"g"}');
  });

  await t.test("a new path is shown, and a built-in profile with the same one gives way", async (t2) => {
    writeFileSync(dev.file, profile({ at: "/ws" }));
    await dev.waitForLine(/^mine\.toml changed: .*path, .*endpoint\[orion\].*; restarted/);
    await dev.waitForLine(/^The built-in profile orion is not served: mine has the path \/ws as well\.$/);
    assert.ok(dev.urls().mine.startsWith(`ws://127.0.0.1:${dev.port}/ws?token=`));
    assert.equal(await frameOf(t2, dev, "h"), '{"word":"h"}');
  });

  await t.test("Ctrl-C still drains and exits 0", async () => {
    dev.child.kill("SIGINT");
    assert.equal((await within("gone", 4000, dev.exited)).code, 0);
  });
});

test("no connection is refused while the gateway starts anew", async (t) => {
  const dev = await startLoop(t);
  const url = dev.urls().mine;
  const outcome = { open: 0, failed: [] };
  let goesOn = true;
  const connect = async () => {
    while (goesOn) {
      try {
        (await openClient(t, url)).socket.terminate();
        outcome.open += 1;
      } catch (error) {
        outcome.failed.push(error.code ?? error.message);
      }
    }
  };
  const connecting = Promise.all([connect(), connect(), connect(), connect()]);
  for (let n = 0; n < 5; n += 1) {
    const before = outcome.open;
    writeFileSync(dev.file, profile({ event: `{"n${n}":$body/word}` }));
    await dev.waitForLine(/^mine\.toml changed: frames\.event; restarted/);
    await until("connections to the new gateway", () => outcome.open > before + 20);
  }
  goesOn = false;
  await connecting;
  assert.deepEqual(outcome.failed.filter((failure) => failure === "ECONNREFUSED"), []);
  t.diagnostic(`${outcome.open} connections, ${outcome.failed.length} failed: ${[...new Set(outcome.failed)]}`);
});

test("nothing is left open by a gateway that has given way", async (t) => {
  const dev = await startLoop(t);
  const counts = [];
  for (let n = 0; n < 6; n += 1) {
    writeFileSync(dev.file, profile({ event: `{"n${n}":$body/word}` }));
    await dev.waitForLine(/^mine\.toml changed: frames\.event; restarted/);
    counts.push(readdirSync(`/proc/${dev.pid}/fd`).length);
  }
  assert.ok(counts.at(-1) <= counts[0] + 1, `open descriptors: ${counts}`); // one may be about to be closed
});

// Changes the file, and resolves while the drain goes on: it waits up to two seconds for a request that has begun.
// `end()` ends the request.
async function startSlowDrain(t, dev) {
  const slow = net.connect(dev.port, "127.0.0.1");
  t.after(() => slow.destroy());
  slow.on("error", () => {});
  await new Promise((resolve) => slow.write("GET /heal", resolve));
  const client = await openClient(t, dev.urls().mine);
  writeFileSync(dev.file, profile({ event: '{"first":$body/word}' }));
  await within("closed", 5000, client.closed);
  return { end: () => slow.destroy() };
}

test("Ctrl-C while the gateway starts anew ends the process with 0", async (t) => {
  const dev = await startLoop(t);
  await startSlowDrain(t, dev);
  dev.child.kill("SIGINT");
  assert.equal((await within("gone", 4000, dev.exited)).code, 0);
  assert.deepEqual(dev.told(), []);
});

test("what is saved while the gateway starts anew is served as well", async (t) => {
  const dev = await startLoop(t);
  const drain = await startSlowDrain(t, dev);
  writeFileSync(dev.file, profile({ event: '{"second":$body/word}' }));
  drain.end(); // before the change has come to rest
  const frame = () => frameOf(t, dev, "x").catch((error) => error.message); // of a client that the second start closes
  await until("the second version", async () => (await frame()) === '{"second":"x"}', { everyMs: 100 });
});

test("of what is saved during a long drain the newest version is served next", async (t) => {
  const dev = await startLoop(t);
  await startSlowDrain(t, dev);
  writeFileSync(dev.file, profile({ event: '{"second":$body/word}' }));
  await dev.waitForLine(/restarted, 1 client closed$/);
  assert.equal(await frameOf(t, dev, "x"), '{"second":"x"}');
});

test("each protocol gets a sample event of its own in every second", async (t) => {
  const dev = await startLoop(t, { args: [] });
  const clients = await Promise.all(["mine", "fluxora", "orion"].map((name) => openClient(t, dev.urls()[name])));
  for (const client of clients) {
    await client.next(3, 10_000);
    const times = client.messages.slice(0, 3).map(({ at }) => at);
    assert.ok(times[2] - times[0] > 1000, `${times}`);
  }
  assert.equal(String(clients[0].messages[0].data), '{"word":"sample"}');
});

test("--no-watch serves the file as it was at the start", async (t) => {
  const dev = await startLoop(t, { args: ["--no-samples", "--no-watch"] });
  assert.doesNotMatch(dev.screen, /is applied as soon as it is saved/);
  assert.deepEqual(watchedFolders(dev.pid), 0);
  assert.deepEqual(watchedFolders((await startLoop(t, { args: ["--no-samples", "--watch"] })).pid), 1);
});

test("a profile with a mistake is not served, and one that is not there neither", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "mine.toml"), 'path = "/mine"\nauth.mode = "none"\nsource.channel = ["a"]\n');
  for (const [file, message] of [["mine.toml", /^Error: mine\.toml:3: source\.channel: unknown key; did you mean "channels"\?$/],
    ["none.toml", /^Error: none\.toml: cannot read "none\.toml": No such file or directory/]]) {
    await assert.rejects(startDev(t, ["--profile", file], { cwd: folder }), message);
  }
});

test("--config", async (t) => {
  const folder = temporaryFolder(t);
  const profileFile = path.join(folder, "mine.toml");
  const configFile = path.join(folder, "gateway.toml");
  const config = (more = "") => `
[server]
listen = ["127.0.0.1:0"]
[keys.main]
algorithms = ["HS256"]
secret = { env = "CARILLON_JWT_SECRET" }
audience = "gateway"
[log]
level = "error"
[[endpoint]]
profile = "${profileFile}"
${more}`;
  writeFileSync(profileFile, profile());
  writeFileSync(configFile, config());
  const dev = await startDev(t, ["--config", configFile, "--no-samples"], { listens: false });
  dev.port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(dev.screen)[1]);

  await t.test("is served as it is, with a token for its keys", async (t2) => {
    assert.deepEqual(Object.keys(dev.urls()), ["mine"]);
    assert.match(dev.screen, /^CARILLON_JWT_SECRET is not set: a secret of carillon dev is used\.$/m);
    assert.equal(await frameOf(t2, dev, "a"), '{"word":"a"}');
  });

  await t.test("a change of it is applied, and of a profile that it names, on the same port", async (t2) => {
    appendFileSync(configFile, '\nname = "live"\n');
    await dev.waitForLine(/gateway\.toml changed: .*endpoint\[live\].*; restarted/);
    assert.ok(dev.urls().live.startsWith(`ws://127.0.0.1:${dev.port}/`));
    writeFileSync(configFile, config());
    await dev.waitForLine(/gateway\.toml changed: .*; restarted/);
    writeFileSync(profileFile, profile({ event: '{"is":$body/word}' }));
    await dev.waitForLine(/mine\.toml changed: frames\.event; restarted/);
    assert.equal(await frameOf(t2, dev, "b"), '{"is":"b"}');
  });

  await t.test("an address that cannot be bound leaves the version before serving", async (t2) => {
    writeFileSync(profileFile, profile({ event: '{"is":$body/word}', more: "inbound.message_bytes_max = 10" }));
    await dev.waitForLine(/mine\.toml changed: inbound\.message_bytes_max; in use now/);
    writeFileSync(configFile, config().replace("127.0.0.1:0", "192.0.2.1:9"));
    await dev.waitForLine(/^This version cannot be served, and the one before serves again:$/);
    await dev.waitForLine(/192\.0\.2\.1:9/);
    assert.equal(await frameOf(t2, dev, "c"), '{"is":"c"}');
    const client = await openClient(t2, dev.urls().mine);
    client.socket.send("more than ten bytes");
    assert.equal((await within("closed", 5000, client.closed)).code, 1009);
  });
});
