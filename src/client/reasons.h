// Why a request was refused and why a connection was closed. Each refusal and each close counts under exactly
// one of these reasons; their names are the `reason` labels of metrics and of log lines.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon::client {

enum class RefusalReason : std::uint8_t {
  bad_request,           // 400: the head is malformed
  uri_too_long,          // 414
  head_too_large,        // 431
  not_found,             // 404
  method_not_allowed,    // 405
  draining,              // 503
  connections_max,       // 503: server.connections_max
  endpoint_full,         // 503: limits.connections
  address_full,          // 503: limits.connections_per_ip
  accept_rate,           // 429: limits.accepts_per_ip
  process_accept_rate,   // 503, or closed before a TLS handshake: server.accepts_rate
  origin,                // 403
  token_missing,         // 401
  token_invalid,         // 401
  token_milliseconds,    // 401: its exp, nbf or iat is in milliseconds
  token_algorithm,       // 401: its alg is on no key's list
  token_key,             // 401: no key has its kid
  token_issuer,          // 401: its iss is not that of a key
  no_key_set,            // 401: the key set of its issuer could not be fetched
  key_waits_full,        // 503: too many upgrades wait for a key set
  wrong_keys,            // 429: the address has sent too many wrong API keys
  channel,               // 403: the token does not permit a channel that a stream lists
  user_full,             // 429: limits.connections_per_user
  not_an_upgrade,        // 426
  bad_upgrade,           // 400 or 426: key, version, body, extensions
  handshake_timeout,     // no whole head, or no whole TLS handshake, in time
  body_timeout,          // 408: the body stopped, or was slower than server.body_rate_min
  bodies_full,           // 503: server.bodies_bytes_max
  memory,                // 503: no memory for this request, or the process is near its limit
  proxy_header,          // closed: no PROXY header, or not from a trusted proxy
  answer_timeout,        // 504: the answer was not ready in time
  tls_handshake,         // no answer: garbage, plain HTTP, an old version or suite, on an address with TLS
  tls_handshake_rate,    // no answer: server.tls_handshakes_per_ip
  http_connections_max,  // closed: without a whole request head when its place was needed
  http_address_full,     // closed: server.http_connections_per_ip
  no_descriptor,         // 503: no file descriptor is left
  count
};

enum class CloseReason : std::uint8_t {
  client_close,       // the client sent a close frame, which was echoed
  client_gone,        // end of stream or reset without a close frame
  protocol_error,     // 1002 or 1007: it breaks RFC 6455; or a stream's client that does not stop sending
  message_too_large,  // inbound.message_bytes_max, inbound.fragments_max
  rate_exceeded,      // inbound.rate
  control_rate,       // inbound.control_rate: too many pings or pongs
  ping_timeout,
  slow_consumer,
  overrun,        // the gateway lost events, and the protocol has no frame that reports a gap
  bus_gap,        // the bus may have lost events, and source.on_gap is "close"
  not_recovered,  // what it asked for is not in the history, and the protocol has no frame that says so
  token_expired,
  key_removed,  // a reload that closes such clients has removed the key that verified its token
  shutdown,
  internal,  // no memory, or no room for the channels of its selection
  count
};

std::string_view name_of(RefusalReason reason);
std::string_view name_of(CloseReason reason);

}  // namespace carillon::client
