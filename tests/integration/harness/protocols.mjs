// The four protocols as their clients see them: where to connect, and what a frame looks like, byte for byte.
// An event's payload is a mark {"protocol","stream","n","at"}: stream is what one publisher sends in order,
// n counts 0, 1, 2 … in it, at is the wall clock in microseconds.
import { api, publish } from "./http.mjs";

const SECONDS = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;
const MILLISECONDS = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const NEVER = "^[^\\s\\S]$";

const mark = (protocol, more = "") =>
  String.raw`\{${more}"protocol":"${protocol}","stream":"(?<stream>[^"]+)","n":(?<n>\d+),"at":(?<at>\d+)\}`;

// target(token): path and query. event: the pattern of a frame with an event; quiet: of
// a frame without one. Patterns are written so that Go reads them too.
export const FOUR_PROTOCOLS = {
  orion: {
    target: (token) => `/ws?token=${token}`,
    event: `^\\{"channel":"orion\\.[a-z_.]+","payload":${mark("orion")},"timestamp":"${SECONDS}"\\}$`,
    quiet: NEVER,
  },
  service: {
    target: (token) => `/api/ws?token=${token}`,
    event: `^\\{"type":"(?:notification|chat_message|status_update)","data":${mark("service")},"timestamp":"${SECONDS}"\\}$`,
    quiet: `^\\{"type":"pong","data":\\{\\},"timestamp":"${SECONDS}"\\}$`,
  },
  fluxora: {
    target: () => "/ws/streams",
    event: `^\\{"event":"stream\\.(?:created|updated|cancelled)","streamId":"[^"]+",` +
      `"payload":${mark("fluxora", `(?:"id":"${UUID}",)?`)},"timestamp":"${MILLISECONDS}"\\}$`,
    quiet: NEVER,
  },
  grimnir: {
    target: (token, types = ["now_playing", "live.handover"]) => `/api/v1/events?types=${types.join()}&token=${token}`,
    event: `^\\{"type":"(?:now_playing|live\\.handover|health|dj_connect)","payload":${mark("grimnir")}\\}$`,
    quiet: '^\\{"type":"ping"\\}$',
  },
};

export const ENDPOINTS = Object.keys(FOUR_PROTOCOLS).map((profile) => ({ profile }));

export const subscribeTo = (channel) => JSON.stringify({ type: "subscribe", data: { channel } });
export const PING = '{"type":"ping"}';

// Publishers, one a stream: { protocol, stream, send(mark text) } as its back-end service would do it, by Redis
// or by HTTP. `only` names the streams that are wanted.
export function publishers(server, redis) {
  const onRedis = (channel, body) => async (text) => {
    const reply = await redis.publish(channel, body(text));
    if (!reply.startsWith(":1")) throw new Error(`${channel}: ${reply}`); // Carillon is the one subscriber
  };
  const onHttp = (path) => async (text) => {
    const { status, text: answer } = await api(server, "POST", path, { body: text, headers: { "Content-Type": "application/json" } });
    if (status >= 300) throw new Error(`POST ${path}: ${status} ${answer}`);
  };
  const plain = (text) => text;
  const typed = (type) => (text) => `{"type":"${type}","data":${text}}`;
  const stream = (text) =>
    `{"event":"stream.updated","streamId":"s-1","payload":${text},"timestamp":"${new Date().toISOString()}"}`;
  return [
    ["orion", "orion.trend.detected", onRedis("orion.trend.detected", plain)],
    ["orion", "orion.content.created", async (text) => void await publish(server, `{"channel":"orion.content.created","data":${text}}`)],
    ["service", "everyone", onRedis("service.broadcast", typed("notification"))],
    ["service", "room:1", onRedis("service.channel.room:1", typed("chat_message"))],
    ["service", "room:2", onRedis("service.channel.room:2", typed("status_update"))],
    ["fluxora", "redis", onRedis("fluxora.streams", stream)],
    ["fluxora", "http", onHttp("/api/streams")],
    ["grimnir", "now_playing", onHttp("/api/v1/webhooks/track-start")],
    ["grimnir", "live.handover", onRedis("grimnir.live.handover", plain)],
    ["grimnir", "dj_connect", onRedis("grimnir.dj_connect", plain)],
  ].map(([protocol, name, send]) => ({ protocol, stream: name, send }));
}

export const wallMicroseconds = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

export const markText = ({ protocol, stream }, n) => JSON.stringify({ protocol, stream, n, at: wallMicroseconds() });

// The faults of one client's frames (texts): each must be an event of its protocol, and each stream of
// `streams` must be there with 0 … events-1, in order. An empty list is a clean record.
export function judgeFrames(protocol, frames, streams, events) {
  const { event, quiet } = FOUR_PROTOCOLS[protocol];
  const [isEvent, isQuiet] = [new RegExp(event), new RegExp(quiet)];
  const next = Object.fromEntries(streams.map((stream) => [stream, 0]));
  const faults = [];
  for (const frame of frames) {
    if (isQuiet.test(frame)) continue;
    const { stream, n } = isEvent.exec(frame)?.groups ?? {};
    if (!(stream in next)) faults.push(`foreign: ${frame}`);
    else if (Number(n) !== next[stream]) faults.push(`${stream}: ${n} came, ${next[stream]} was due`);
    else next[stream] += 1;
  }
  for (const stream of streams) if (next[stream] !== events) faults.push(`${stream} ends at ${next[stream]} of ${events}`);
  return faults;
}
