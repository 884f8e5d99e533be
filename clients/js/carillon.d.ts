/** A place in the gateway's order of events. Opaque: keep it and send it back, do not compare or take it apart. */
export type Position = string;

export interface CarillonEvent<Data = unknown> {
  channel: string;
  data: Data;
  position: Position;
}

/** Events that were missed. What is unknown is null. */
export interface Gap {
  /** null in the client's "gap" event: all channels. */
  channel: string | null;
  count: number | null;
  /** The last position before the gap, and the first one after it. */
  before: Position | null;
  after: Position | null;
  /** Of the server: "slow", "bus", "unknown_position", "evicted", "gap", "no_history", "overloaded". Of the client: "sse". */
  reason: string | null;
}

export type Transport = "websocket" | "sse";

export type State =
  | { name: "idle" }
  | { name: "connecting"; attempt: number; transport: Transport }
  | {
      name: "open";
      transport: Transport;
      /** The name that the connection has in the gateway's log; not over Server-Sent Events. */
      connection?: string;
      /** Why the gateway receives no events at present. */
      degraded: string | null;
    }
  | {
      name: "waiting";
      /** Milliseconds until the next attempt. */
      delay: number;
      attempt: number;
      /** The WebSocket close code or HTTP status; 0 when the client itself ended the connection. */
      code: number;
      reason?: string;
    }
  | { name: "closed"; code?: number; reason?: string };

/** Its code is one of the server's error codes, or one of those in README.md. */
export interface CarillonError extends Error {
  code: string;
  /** The channels whose subscription failed. */
  channels?: string[];
  /** What a callback of the application threw. */
  cause?: unknown;
}

export interface Options {
  /** Called before each connect when it is a function; 10 s until it must have returned. */
  token?: string | (() => string | Promise<string>);
  /** The class to use instead of the global one, for example that of npm's ws. */
  WebSocket?: new (url: string) => unknown;
  /** The function to use instead of the global one, for Server-Sent Events. */
  fetch?: typeof fetch;
  /** false: never fall back to Server-Sent Events. */
  sse?: boolean;
}

export interface SubscribeOptions {
  /** Begin with so many of the channel's last events. */
  last?: number;
  /** Begin after this position, which was kept from earlier. Wins over `last`. */
  position?: Position;
  onGap?: (gap: Gap & { channel: string }) => void;
  /** Everything that was missed follows. */
  onRecovered?: (recovered: { channel: string; position: Position }) => void;
}

export interface Subscription {
  readonly channel: string;
  /** Where the channel would resume. */
  readonly position: Position | undefined;
  unsubscribe(): void;
}

export interface History<Data = unknown> {
  events: CarillonEvent<Data>[];
  /** Whether nothing is missing between `after`, or the first event, and `position`. */
  recovered: boolean;
  /** Where the next page begins: pass it as `after`. Null with the reason "overloaded". */
  position: Position | null;
  /** Why `recovered` is false: "unknown_position", "evicted", "gap", "no_history" or "overloaded". */
  reason: string | null;
  /** Whether a limit left out others: after `position`, or without `after` before the first event. */
  more: boolean;
}

/** One connection to a gateway, which is made with the first subscription or request. */
export class Carillon {
  readonly state: State;
  constructor(url: string | URL, options?: Options);
  /** Throws a TypeError for a bad name, and when `last` or `position` is given for a channel that is subscribed already. */
  subscribe<Data = unknown>(channel: string, handler: (event: CarillonEvent<Data>) => void, options?: SubscribeOptions): Subscription;
  /** Resolves when the gateway has the event. After "connection_lost" or "timeout" it is unknown whether it has. */
  publish(channel: string, data: unknown): Promise<unknown>;
  history<Data = unknown>(channel: string, options?: { limit?: number; after?: Position }): Promise<History<Data>>;
  /** Returns a function that removes the listener. Errors without a listener are printed by console.error. */
  on(name: "state", listener: (state: State) => void): () => void;
  on(name: "gap", listener: (gap: Gap) => void): () => void;
  on(name: "error", listener: (error: CarillonError) => void): () => void;
  /** Ends everything for good. */
  close(): void;
}
