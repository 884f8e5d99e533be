// One slow client with channels of different lag policies: of ticks it is sent the newest, and every order.
import assert from "node:assert/strict";
import test from "node:test";

import {
  METRIC, metrics, mintToken, openClient, publish, startCarillon, until,
} from "./harness.mjs";

const FILLER = "x".repeat(32 * 1024);
const ENDPOINT = {
  profile: "service",
  acks: "on",
  "lag.bytes_max": "256KiB",
  "lag.grace": "1s",
  "frames.gap": '{"type":"gap","channel":$channel,"count":$count,"reason":$reason}',
};
const OVERRIDES = `
[[endpoint.lag.overrides]]
channels = ["ticks.*"]
policy = "latest"
bytes_max = "64KiB"
[[endpoint.lag.overrides]]
channels = ["*"]
policy = "disconnect"
`;

async function openSubscribed(t, server, channels) {
  const client = await openClient(t, server.ws("/api/ws", mintToken()));
  const frames = () => client.messages.map(({ data }) => JSON.parse(data));
  for (const channel of channels) client.socket.send(JSON.stringify({ type: "subscribe", data: { channel } }));
  await until("it is subscribed", () => client.messages.length === channels.length);
  return { client, frames };
}

test("a slow client is sent the newest tick and every order", async (t) => {
  const server = await startCarillon(t, { server: { shards: 1 }, endpoints: [ENDPOINT], extra: OVERRIDES });
  const slow = await openSubscribed(t, server, ["ticks.a", "orders.a"]);
  const judged = await openSubscribed(t, server, ["quotes.a"]);
  for (const { client } of [slow, judged]) client.socket.pause();

  let ticks = 0;
  let orders = 0;
  const send = async (channel, type, data) => {
    const { status } = await publish(server, { channel: `service.channel.${channel}`, data: { type, data } });
    assert.equal(status, 200);
  };
  const closes = async () => (await metrics(server)).sum(METRIC.closes, { reason: "slow_consumer" });
  // Both do not read, and are sent as much. The one whose channel has no policy of its own is closed for it.
  await until("the other client is closed", async () => {
    for (let i = 0; i < 20; ++i) {
      await send("ticks.a", "tick", { n: ++ticks, filler: FILLER });
      await send("quotes.a", "quote", { filler: FILLER });
    }
    await send("orders.a", "order", { n: ++orders });
    return (await closes()) > 0;
  }, { timeoutMs: 30_000 });

  slow.client.socket.resume();
  await until("the last order and the last tick", () => {
    const has = (type, n) => slow.frames().some((frame) => frame.type === type && frame.data.n === n);
    return has("order", orders) && has("tick", ticks);
  });
  const received = slow.frames();
  const numbers = (type) => received.filter((frame) => frame.type === type).map(({ data }) => data.n);
  assert.deepEqual(numbers("order"), Array.from({ length: orders }, (_, i) => i + 1), "every order, in order");
  const gaps = received.filter(({ type }) => type === "gap");
  assert.ok(gaps.length > 0);
  for (const gap of gaps) assert.deepEqual([gap.channel, gap.reason], ["ticks.a", "slow"]);
  assert.equal(numbers("tick").length + gaps.reduce((sum, { count }) => sum + count, 0), ticks, "every tick is sent or reported");
  assert.equal(slow.client.close, null);
  assert.equal(await closes(), 1);
});
