// docs/protocols states only what is true: configurations, tables, refusals, close codes, commands.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import test from "node:test";

import {
  PROFILES, PROTOCOLS, PYTHON, Page, ROOT, api, carillon, code, codes, configText, metrics, mintToken, nowSeconds, openClient,
  publish, rawExchange, run, startCarillon, temporaryFolder, upgradeHead, within,
} from "./harness.mjs";

const PAGES = ["README", ...PROFILES, "your-own"].map((name) => new Page(name));
const CONFIGURATION = readFileSync(path.join(ROOT, "docs/configuration.md"), "utf8");
const PATHS = { orion: "/ws", service: "/api/ws", fluxora: "/ws/streams", grimnir: "/api/v1/events" };
const pageOf = (name) => PAGES.find((page) => page.name === name);

// TOML as JSON would have it.
async function parseToml(text) {
  const program = "import json, sys, tomllib; json.dump(tomllib.loads(sys.stdin.read()), sys.stdout)";
  const { stdout, stderr } = await run(PYTHON, ["-c", program], { input: text });
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

const profiles = {};
for (const name of PROFILES) profiles[name] = await parseToml((await carillon(["profile", "show", name])).stdout);
const at = (table, key) => key.split(".").reduce((value, part) => value?.[part], table);

async function check(t, text) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "gateway.toml");
  symlinkSync(path.join(ROOT, "docs"), path.join(folder, "docs")); // a reader's file is beside it
  writeFileSync(file, text);
  const env = { STREAMS_KEY: "s".repeat(32), ROUTES_KEY: "r".repeat(32), HOOKS_KEY: "h".repeat(32) };
  const { code: exit, stdout, stderr } = await carillon(["check", file], { env });
  return { exit, stdout, stderr };
}

test("configurations", async (t) => {
  for (const page of PAGES) {
    await t.test(`${page.name}: its gateway.toml passes the check without a warning`, async (t2) => {
      const { exit, stdout, stderr } = await check(t2, page.fence("toml"));
      assert.equal(exit, 0, stderr);
      assert.doesNotMatch(stdout, /warning/);
      assert.match(stdout, page.name === "README" ? /ok, 5 endpoints/ : /ok, 1 endpoint\b/);
    });
  }

  await t.test("your-own: the output of the check is the one on the page", async (t2) => {
    const [[{ command, output }]] = pageOf("your-own").consoles();
    assert.equal(command, "carillon check gateway.toml");
    const { stdout } = await check(t2, pageOf("your-own").fence("toml"));
    assert.deepEqual(stdout.split("\n").map((line) => line.replace(/^\S*\//, "")), output);
  });

  for (const name of PROFILES) {
    await t.test(`${name}: every change that the page offers is accepted, and reported by the check`, async (t2) => {
      // What an RS256 key needs is not the page's matter.
      const rows = pageOf(name).table("Optional behaviour").map(([, cell]) => codes(cell.replace("RS256", "HS384")));
      const key = '[keys.more]\nalgorithms = ["HS384"]\nsecret = { env = "CARILLON_JWT_SECRET" }\n\n[[endpoint]]';
      for (const settings of compatible(rows)) {
        const { exit, stdout, stderr } = await check(t2, `${pageOf(name).fence("toml").replace("[[endpoint]]", key)}${settings.join("\n")}\n`);
        assert.equal(exit, 0, stderr);
        for (const setting of settings) {
          assert.ok(stdout.includes(`note: endpoint ${name}: ${setting.split(" = ")[0]} = `), `${setting} changes nothing:\n${stdout}`);
        }
      }
    });
  }
});

// Lists of settings that set no key twice, made of the rows.
function compatible(rows) {
  const lists = [];
  const keys = (settings) => settings.map((setting) => setting.split(" = ")[0]);
  for (const row of rows) {
    assert.ok(row.length > 0 && row.every((setting) => setting.includes(" = ")), row.join(", "));
    const list = lists.find((settings) => !keys(settings).some((key) => keys(row).includes(key)));
    if (list) list.push(...row);
    else lists.push([...row]);
  }
  return lists;
}

test("tables", async (t) => {
  for (const name of PROFILES) {
    await t.test(`${name}: the page's limits are the profile's`, () => {
      for (const [what, value, setting] of pageOf(name).table("Limits")) {
        assert.equal(code(value), String(at(profiles[name], code(setting))), `${what}: ${code(setting)}`);
      }
    });
  }

  await t.test("grimnir 4: its events are the profile's known types", () => {
    const types = pageOf("grimnir").table("Events").map(([type]) => code(type));
    assert.deepEqual(new Set(types), new Set(profiles.grimnir.select.known));
  });

  await t.test("service 6: its errors are the profile's", async () => {
    const { stdout } = await carillon(["config", "explain", "endpoint.errors"]);
    for (const [name, message] of pageOf("service").table("Errors")) {
      assert.ok(stdout.includes(`"${code(name)}"`) && stdout.includes(`"${message}"`), `${name}: ${message}`);
    }
  });

  await t.test("fluxora 9: its log messages are the profile's", () => {
    const messages = pageOf("fluxora").table("In operation").map(([message]) => code(message));
    assert.deepEqual(messages.sort(), Object.values(profiles.fluxora.log).sort());
  });

  await t.test("the index has the paths", () => {
    const rows = PAGES[0].text.split("\n").filter((line) => line.startsWith("| ["));
    assert.deepEqual(rows.map((row) => codes(row)[0]), ["/v1/connect", ...PROFILES.map((name) => PATHS[name])]);
  });
});

test("names and links", async (t) => {
  const server = await startCarillon(t, { endpoints: PROFILES.map((profile) => ({ profile })) });
  const page = (await metrics(server)).text;

  await t.test("every metric that is named is in /metrics", () => {
    for (const { name, text } of PAGES) {
      for (const metric of text.match(/\bcarillon_[a-z_]+/g) ?? []) assert.ok(page.includes(`# TYPE ${metric} `), `${name}: ${metric}`);
    }
  });

  await t.test("every reason that is named is one", () => {
    const reasons = ["message_too_large", "rate_exceeded", "ping_timeout", "token_expired", "endpoint_full", "accept_rate", "not_selectable", "requirement_failed", "invalid_json"];
    for (const reason of reasons) {
      assert.ok(page.includes(`reason="${reason}"`), reason);
      assert.ok(PAGES.some(({ text }) => text.includes(`\`${reason}\``)), `${reason} is on no page`);
    }
  });

  await t.test("every option that is named is in docs/configuration.md", () => {
    for (const { name, text } of PAGES) {
      for (const option of codes(text)) {
        const key = /^((?:source|select|auth|inbound|limits|lag|keepalive|frames|errors|refusals|log)\.[a-z_.]+)/.exec(option)?.[1];
        if (key) assert.ok(CONFIGURATION.includes(`| \`${key}\` |`), `${name}: ${key}`);
      }
    }
  });

  await t.test("every link leads somewhere", () => {
    const anchors = (text) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-"));
    for (const { name, text } of PAGES) {
      for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) {
        if (target.startsWith("https://")) continue;
        const [file, anchor] = target.split("#");
        const full = path.join(PROTOCOLS, file || `${name}.md`);
        assert.ok(existsSync(full), `${name}: ${target}`);
        if (anchor) assert.ok(anchors(readFileSync(full, "utf8")).includes(anchor), `${name}: ${target}`);
      }
    }
  });
});

// The bus channel of an event in the page's table, its body there, and the frame that clients see.
const FRAMES = {
  orion: (event, payload) => ({ channel: event, body: payload, frame: { channel: event, payload } }),
  service: (type, data) => ({ channel: "service.broadcast", body: { type, data }, frame: { type, data } }),
  fluxora: (event, message) => ({ channel: "fluxora.streams", body: message, frame: message }),
  grimnir: (type, payload) => ({ channel: `grimnir.${type}`, body: payload, frame: { type, payload } }),
};

const DEMO = readFileSync(path.join(ROOT, "src/app/dev/demo_events.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));

// [{ event, payload }] of a page's table, which gives an example of each payload, or names its members: then
// the demo publisher has the example.
function examples(name) {
  return pageOf(name).table("Events").map(([event, meaning, payload]) => {
    assert.ok(meaning.length > 0);
    if (code(payload).startsWith("{")) return { event: code(event), payload: JSON.parse(code(payload)) };
    const same = DEMO.find(({ channel, data }) =>
      channel === FRAMES[name](code(event)).channel && Object.keys(data).join() === codes(payload).join());
    assert.ok(same, `the demo publisher has no ${code(event)} with ${payload}`);
    for (const [, member, value] of payload.matchAll(/`(\w+)` ([^,]+)(?:,|$)/g)) assert.equal(JSON.stringify(same.data[member]), value);
    return { event: code(event), payload: same.data };
  });
}

test("the demo publisher plays the events of the pages, and each of them", () => {
  const played = new Set(DEMO.map(({ channel, data }) => JSON.stringify([channel, data])));
  const pages = new Set(PROFILES.flatMap((name) => examples(name).map(({ event, payload }) => {
    const { channel, body } = FRAMES[name](event, payload);
    const where = event === "chat_message" ? `service.channel.conversation:${payload.conversation_id}` : channel;
    return JSON.stringify([where, body]);
  })));
  const own = JSON.parse(/^An event .*?: `(.*?)`/m.exec(new Page("carillon").section("Frames"))[1]);
  pages.add(JSON.stringify([own.channel, own.data]));
  assert.deepEqual([...played].sort(), [...pages].sort());
});

test("events, refusals and closes", async (t) => {
  const server = await startCarillon(t, { endpoints: PROFILES.map((profile) => ({ profile })) });
  const target = (name, more = "") => `${PATHS[name]}?token=${mintToken()}${more}`;
  const types = `&types=${profiles.grimnir.select.known}`;

  for (const name of PROFILES) {
    await t.test(`${name}: each event of the page arrives with the page's payload`, async (t2) => {
      const client = await openClient(t2, server.ws(target(name, types)));
      const expected = [];
      for (const { event, payload } of examples(name)) {
        const { channel, body, frame } = FRAMES[name](event, payload);
        if (name === "fluxora") assert.equal(body.event, event);
        assert.equal((await publish(server, { channel, data: body })).status, 200);
        expected.push(frame);
      }
      const frames = (await client.next(expected.length)).map(({ data }) => JSON.parse(data));
      if (name === "orion" || name === "service") for (const frame of frames) delete frame.timestamp;
      assert.deepEqual(frames, expected);
    });

    await t.test(`${name}: each refusal is as on the page`, async () => {
      const rows = pageOf(name).table("Refusals").map(([status, body]) => `${status} ${code(body)}`);
      const timeless = (text) => text.replaceAll(/"timestamp":"[^"]+"/g, '"timestamp":T');
      const asked = [
        ["GET", PATHS[name], name === "fluxora" ? 426 : 401],
        ["GET", `${PATHS[name]}?token=bad`, name === "fluxora" ? 426 : 401],
        ["GET", `${PATHS[name]}/?token=${mintToken()}`, 404],
        ["POST", target(name), 405],
        ["GET", target(name), 426],
      ];
      for (const [method, where, status] of asked) {
        const answer = await api(server, method, where);
        assert.equal(answer.status, status);
        assert.ok(rows.map(timeless).includes(timeless(`${status} ${answer.text}`)), `${answer.status} ${answer.text}\n${rows.join("\n")}`);
      }
    });
  }

  const closes = (name) => pageOf(name).table("Close codes").map(([number, reason]) => `${number} ${code(reason)}`.trim());
  const bytes = { orion: 513, service: 64 * 1024 + 1, fluxora: 4097 };
  for (const [name, size] of Object.entries(bytes)) {
    await t.test(`${name}: a message over its limit closes as on the page`, async (t2) => {
      const client = await openClient(t2, server.ws(target(name)));
      client.socket.send("x".repeat(size));
      const { code: number, reason } = await within("closed", 5000, client.closed);
      assert.ok(closes(name).includes(`${number} ${reason}`), `${number} ${reason}`);
      assert.equal(number, 1009);
    });
  }

  await t.test("fluxora 4: the eleventh message closes as on the page", async (t2) => {
    const client = await openClient(t2, server.ws(PATHS.fluxora));
    for (let n = 0; n < 11; n += 1) client.socket.send("x");
    const { code: number, reason } = await within("closed", 5000, client.closed);
    assert.ok(closes("fluxora").includes(`${number} ${reason}`), `${number} ${reason}`);
  });

  for (const name of ["service", "grimnir"]) {
    await t.test(`${name}: the end of its token closes as on the page`, async (t2) => {
      const client = await openClient(t2, server.ws(PATHS[name], mintToken({ exp: nowSeconds() + 2 })));
      const { code: number, reason } = await within("closed", 6000, client.closed);
      assert.ok(closes(name).includes(`${number} ${reason}`.trim()), `${number} ${reason}`);
      assert.equal(number, 1008);
      if (name === "service") assert.match(String(client.messages.at(-1).data), /"code":"unauthorized","message":"Token expired"/);
    });
  }

  await t.test("all: a shutdown closes as on the pages", async (t2) => {
    const clients = [];
    for (const name of PROFILES) clients.push([name, await openClient(t2, server.ws(target(name)))]);
    server.signal("SIGTERM");
    for (const [name, client] of clients) {
      const { code: number, reason } = await within("closed", 8000, client.closed);
      assert.equal(`${number} ${reason}`.trim(), "1001");
      assert.ok(closes(name).includes("1001"), name);
    }
    await server.exited;
  });
});

test("the caps of grimnir answer as on the page", async (t) => {
  const rows = pageOf("grimnir").table("Refusals").map(([status, body]) => `${status} ${code(body)}`);
  for (const [setting, status] of [["limits.connections", 503], ["limits.accepts_per_ip", 429]]) {
    const server = await startCarillon(t, { text: configText({ endpoints: [{ profile: "grimnir", [setting]: 1 }] }) });
    const url = `${PATHS.grimnir}?token=${mintToken()}`;
    await openClient(t, server.ws(url));
    const answer = await rawExchange(server.port, upgradeHead(url));
    assert.equal(answer.status, status);
    assert.ok(rows.includes(`${status} ${answer.body}`), `${status} ${answer.body}`);
  }
});
