// What the integration tests use: real servers on loopback, real clients, and a checker of what arrived.
export * from "./harness/both_transports.mjs";
export * from "./harness/browser.mjs";
export * from "./harness/carillon.mjs";
export * from "./harness/clients.mjs";
export * from "./harness/protocols.mjs";
export * from "./harness/http.mjs";
export * from "./harness/ledger.mjs";
export * from "./harness/metrics.mjs";
export * from "./harness/pages.mjs";
export * from "./harness/process.mjs";
export * from "./harness/raw_socket.mjs";
export * from "./harness/real_clients.mjs";
export * from "./harness/redis.mjs";
export * from "./harness/reloadable.mjs";
export * from "./harness/tls.mjs";
export * from "./harness/tokens.mjs";
export * from "./harness/virtual_address.mjs";
