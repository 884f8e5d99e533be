// The libraries that clients of the four protocols use, unmodified, against the real binary and a real Redis.
import assert from "node:assert/strict";
import test from "node:test";

import {
  FOUR_PROTOCOLS, ENDPOINTS, LIBRARIES, PING, judgeFrames, makeCertificate, markText, mintToken, publishers, startBoth,
  startRedis, subscribeTo, within,
} from "./harness.mjs";

const EVENTS = 20; // a stream

for (const scheme of ["ws", "wss"]) {
  for (const [library, start] of Object.entries(LIBRARIES)) {
    test(`${library} over ${scheme}://`, async (t) => {
      const redis = await startRedis(t);
      const certificate = await makeCertificate(t);
      const server = await startBoth(t, certificate, { bus: { url: redis.url }, endpoints: ENDPOINTS });
      const sources = publishers(server, redis);
      const clients = await start(t, { certificate });
      const isBrowser = library.startsWith("Chromium");
      const all = []; // [client, what it must have received]: they stay connected to the end
      const open = async (protocol, ...target) => {
        const client = await clients.open(`${server.addresses[scheme]}${FOUR_PROTOCOLS[protocol].target(...target)}`);
        assert.equal(client.refused, null);
        return client;
      };
      const sendAll = async (protocol) => {
        for (let n = 0; n < EVENTS; n += 1) {
          for (const source of sources) if (source.protocol === protocol) await source.send(markText(source, n));
        }
      };
      const receives = async (client, protocol, streams) => {
        await client.next(streams.length * EVENTS);
        assert.deepEqual(judgeFrames(protocol, client.frames, streams, EVENTS), []);
        all.push([client, protocol, streams, EVENTS]);
      };

      await t.test("orion 2, 5, 8: every event of orion.* with the token in the query", async () => {
        const client = await open("orion", mintToken());
        await sendAll("orion");
        await receives(client, "orion", ["orion.trend.detected", "orion.content.created"]);
      });

      await t.test("service 3, 5: subscribe, ping, and only the events of the subscribed channel and the broadcasts", async () => {
        const client = await open("service", mintToken());
        client.send(subscribeTo("room:1"));
        client.send(PING);
        await client.next(1); // the pong: the subscription is done
        await sendAll("service");
        await client.next(1 + 2 * EVENTS);
        await receives(client, "service", ["everyone", "room:1"]);
        client.send('{"type":"unsubscribe","data":{"channel":"room:1"}}');
        client.send('{"type":"ping","data":{}}');
        await client.next(2 + 2 * EVENTS);
      });

      await t.test("fluxora 2, 11: every stream event, from Redis and from POST /api/streams, without a token", async () => {
        const client = await open("fluxora");
        await sendAll("fluxora");
        await receives(client, "fluxora", ["redis", "http"]);
      });

      await t.test("grimnir 3: the types that it asks for, and no other", async () => {
        const client = await open("grimnir", mintToken());
        await sendAll("grimnir");
        await receives(client, "grimnir", ["now_playing", "live.handover"]);
      });

      if (!isBrowser) {
        await t.test("grimnir 2: the token in Authorization: Bearer", async () => {
          const url = `${server.addresses[scheme]}/api/v1/events?types=bogus`;
          const client = await clients.open(url, { Authorization: `Bearer ${mintToken()}` });
          assert.deepEqual([client.isOpen, client.refused], [true, null]);
          all.push([client, "grimnir", [], 0]);
        });
      }

      await t.test("orion 5, service 7, grimnir 2: without a valid token it receives 401", async () => {
        for (const target of ["/ws", "/ws?token=bad", "/api/ws", "/api/v1/events?token=bad"]) {
          const { refused } = await clients.open(`${server.addresses[scheme]}${target}`);
          assert.ok(refused, target);
          if (isBrowser) assert.equal(refused.text, "closed with 1006"); // all that a page may know
          else assert.equal(refused.status, 401, refused.text);
        }
      });

      await t.test("C1, C4: its own close is echoed with its code", async () => {
        const client = await open("fluxora");
        client.close();
        assert.equal((await client.closed()).code, 1000);
      });

      await t.test("C4, fluxora 10: at shutdown it receives 1001 with an empty reason, and no event of another protocol before", async () => {
        server.signal("SIGTERM");
        for (const [client, protocol, streams, events] of all) {
          assert.deepEqual(await client.closed(), { code: 1001, reason: "" });
          assert.deepEqual(judgeFrames(protocol, client.frames, streams, events), []);
        }
        await within("carillon is gone", 15_000, server.exited);
      });
    });
  }
}
