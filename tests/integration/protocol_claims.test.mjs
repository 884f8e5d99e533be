// What the pages of docs/protocols state about behaviour: commands, errors, routes, log lines, defaults.
import assert from "node:assert/strict";
import test from "node:test";

import {
  Page, api, carillon, code, codes, mintToken, openClient, openRaw, publish, startCarillon, until, within,
} from "./harness.mjs";

test("service: commands and errors are as on the page", async (t) => {
  const page = new Page("service");
  const server = await startCarillon(t, { endpoints: [{ profile: "service", acks: "on" }, { profile: "service", name: "quiet", path: "/quiet" }] });
  const timeless = (text) => JSON.parse(String(text).replaceAll(/,"timestamp":("[^"]*"|…)/g, ""));

  await t.test("each command is answered with what stands in its row", async (t2) => {
    const client = await openClient(t2, server.ws("/api/ws", mintToken()));
    let expected = 0;
    for (const [command, data, answer] of page.table("Commands")) {
      client.socket.send(`{"type":"${code(command)}","data":${code(data)}}`);
      const frames = await client.next(expected += 1);
      const written = codes(answer).at(-1);
      const reply = written.startsWith("{") ? timeless(written.replace('"channel":…', '"channel":"conversation:conv-123"'))
        : { type: written, data: JSON.parse(code(data)) };
      assert.deepEqual(timeless(frames.at(-1).data), reply);
    }
  });

  await t.test("without acks only a ping is answered, also without data", async (t2) => {
    const client = await openClient(t2, server.ws("/quiet", mintToken()));
    for (const [command, data] of page.table("Commands")) client.socket.send(`{"type":"${code(command)}","data":${code(data)}}`);
    client.socket.send('{"type":"ping"}');
    const types = (await client.next(2)).map(({ data }) => JSON.parse(data).type);
    assert.deepEqual(types, ["pong", "pong"]);
  });

  await t.test("an error frame has the code and the message of the page, and the connection lives on", async (t2) => {
    const client = await openClient(t2, server.ws("/api/ws", mintToken()));
    const messages = Object.fromEntries(page.table("Errors").map(([name, message]) => [code(name), message]));
    const faults = [
      ["{", "invalid_request"], ["[]", "invalid_request"], ['{"type":"dance"}', "invalid_request"], ['{"type":"ping","data":1}', "invalid_request"],
      [Buffer.from("{}"), "invalid_request"], ['{"type":"subscribe","data":{}}', "subscription_failed"], ['{"type":"subscribe","data":{"channel":""}}', "subscription_failed"],
      ['{"type":"subscribe","data":{"channel":1}}', "subscription_failed"], [`{"type":"subscribe","data":{"channel":"${"x".repeat(256)}"}}`, "subscription_failed"],
    ];
    for (const [text] of faults) client.socket.send(text);
    const frames = (await client.next(faults.length)).map(({ data }) => JSON.parse(data));
    for (const [index, { type, data }] of frames.entries()) {
      assert.deepEqual([type, data.code], ["error", faults[index][1]]);
      assert.ok(data.message === messages[data.code] || data.message.startsWith(`${messages[data.code]}: `), data.message);
    }
    assert.equal(client.close, null);
  });

  await t.test("the 129th channel is one too many", async (t2) => {
    const client = await openClient(t2, server.ws("/quiet", mintToken()));
    for (let n = 0; n < 129; n += 1) client.socket.send(`{"type":"subscribe","data":{"channel":"c${n}"}}`);
    client.socket.send('{"type":"ping"}');
    const [error, pong] = (await client.next(2)).map(({ data }) => JSON.parse(data));
    assert.deepEqual([error.data.code, pong.type], ["subscription_failed", "pong"]);
  });
});

test("fluxora: each route makes the event and gives the answer of its row", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "fluxora" }] });
  const client = await openClient(t, server.ws("/ws/streams"));
  let count = 0;
  for (const [request, event, status] of new Page("fluxora").table("Routes")) {
    const path = codes(request).find((each) => each.includes("/")).split(" ").pop();
    // "PATCH" stands alone before "PUT /path"; "DELETE …", "POST …" are two requests.
    for (const each of codes(request)) {
      const [method, own] = each.split(" ");
      const answer = await api(server, method, (own ?? path).replace("<id>", "s-9"), { headers: { "Content-Type": "application/json" }, body: '{"name":"x"}' });
      assert.equal(answer.status, Number(status), each);
      const frame = JSON.parse((await client.next(count += 1)).at(-1).data);
      assert.equal(frame.event, code(event));
      assert.deepEqual(frame.payload, answer.json);
      assert.equal(frame.streamId, answer.json.id);
      if (each.includes("<id>")) assert.equal(frame.streamId, "s-9");
    }
  }
  assert.equal(count, 5);
});

test("fluxora: log lines have the level and the members of their rows", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "fluxora", "keepalive.ping": "300ms" }] });
  const silent = await openRaw(server.port, "/ws/streams");
  t.after(() => silent.socket.destroy());
  const long = await openClient(t, server.ws("/ws/streams"));
  long.socket.send("x".repeat(4097));
  const many = await openClient(t, server.ws("/ws/streams"));
  for (let n = 0; n < 11; n += 1) many.socket.send("x");
  await within("closed", 5000, Promise.all([long.closed, many.closed]));
  for (const [message, level, members] of new Page("fluxora").table("In operation")) {
    const line = await server.waitForLog(code(message), (log) => log.message === code(message));
    assert.equal(line.level, level, code(message));
    for (const member of codes(members)) assert.ok(member in line, `${code(message)} has no ${member}`);
  }
});

test("defaults on the pages are the options' own", async () => {
  const { stdout } = await carillon(["config", "explain", "endpoint"]);
  const markdown = new Page("../configuration").text;
  assert.ok(stdout.length > 0);
  for (const [key, value, claim] of [
    ["lag.bytes_max", '"1MiB"', /more than 1 MiB behind for 3 s/], ["lag.grace", '"3s"', /more than 1 MiB behind for 3 s/],
    ["lag.age_max", '"15s"', /15 s behind/],
    ["lag.close_reason", '"Slow consumer"', /`Slow consumer`/],
  ]) {
    assert.match(markdown, new RegExp(`\\| \`${key}\` \\|.*\\| \`${value}\` \\|`));
    for (const name of ["orion", "service", "fluxora", "grimnir"]) assert.match(new Page(name).text, claim);
  }
  assert.match(markdown, /\| `limits\.channels` \|.*\| `128` \|/);
});

test("grimnir: what types means is as on the page", async (t) => {
  const server = await startCarillon(t, { endpoints: [{ profile: "grimnir" }] });
  const token = mintToken();
  const received = async (query) => {
    const client = await openClient(t, server.ws(`/api/v1/events?${query}&token=${token}`));
    return client;
  };
  const cases = {
    "x=1": ["now_playing", "health"], "types=": ["now_playing", "health"], "types=,": ["now_playing", "health"],
    "types=bogus": [], "types=Now_Playing": [], "types=dj_connect,%20health": ["dj_connect", "health"],
    "types=dj_connect&types=health": ["dj_connect", "health"], "types=health,health": ["health"],
  };
  const clients = await Promise.all(Object.keys(cases).map(received));
  const all = await openClient(t, server.ws(`/api/v1/events?types=schedule_update&token=${token}`));
  for (const type of ["now_playing", "dj_connect", "health", "schedule_update"]) await publish(server, { channel: `grimnir.${type}`, data: { n: 1 } });
  await all.next(1); // the last one: what comes before it has been written to the others
  for (const [index, [query, types]] of Object.entries(cases).entries()) {
    await until(`${query}: ${types}`, () => clients[index].messages.length >= types.length);
    assert.deepEqual(clients[index].messages.map(({ data }) => JSON.parse(data).type).sort(), [...types].sort(), query);
  }
});
