// Checks an upgrade request, or a request for an event stream, which is judged in the same way. All four
// built-in protocols require this order: path and method (checked by the caller) → draining or connection
// limit 503 → accept rate of the address 429 → Origin 403 → token 401 → limit of the user 429 → upgrade
// headers 400/426, or the channels of a stream 400/403 → 101 or 200. The accept rate of the process (503)
// comes just before the Origin.
//
// Pure except for Admission, whose limits it checks and in which it reserves a place at the very end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/authenticator.h"
#include "client/admission.h"
#include "client/reasons.h"
#include "client/requester.h"
#include "http/request_head.h"
#include "http/response.h"
#include "protocol/endpoint.h"
#include "protocol/selection.h"

namespace carillon::client {

// The outcome of a client's offer to compress.
enum class Compression : std::uint8_t {
  not_offered,
  on,
  off,     // declined: `deflate` is off
  unknown  // declined: none of the offers is supported
};

struct Upgrade {
  Ref<const auth::Identity> identity;  // null when the endpoint requires no token
  std::string accept_key;              // as the members below up to `compression`: only of a WebSocket
  std::string_view extensions;         // the header of the response; empty: none
  std::string_view subprotocol;        // empty: none; points into the endpoint's settings
  bool subprotocol_mismatch = false;   // the client offered some, but none of the endpoint's
  Compression compression = Compression::not_offered;
  Admission::Counted counted;  // how its place was counted, for Admission::leave()
  // In resume.parameter, or Last-Event-ID of a stream: the client asks for the events after it.
  std::optional<std::string> position = {};
  // For an endpoint with select.by = "query:…", "claim:…" or "path:…", and the channels of a stream with
  // "commands".
  protocol::Selection selection;
};

struct Refused {
  RefusalReason reason;
  http::Response response;
  std::string detail;  // for the log: never the token
  // The token names a key that is not known yet: the upgrade may wait this long for the key set.
  std::optional<milliseconds> keys_wait = {};
};

// Makes the authenticator of an endpoint from the keys that it accepts; null when it requires no token.
// Without a store, key sets that are fetched have no keys, which is enough to check a configuration.
Result<std::unique_ptr<auth::Authenticator>> make_authenticator(const protocol::Endpoint& endpoint,
                                                                const config::Settings& settings,
                                                                const auth::KeyStore* key_store = nullptr);

// The refusal of an upgrade that would have to wait for a key set while too many others do.
Refused too_many_key_waits(const protocol::Endpoint& endpoint, std::string_view detail);

// Whether an upgrade is judged for the first time, or has waited for a key: it then counts in
// server.accepts_rate already.
enum class Attempt : std::uint8_t { first, again };

// Returns an Upgrade, or why the request is refused. `authenticator` is null for an endpoint without
// authentication. An Upgrade has a place in Admission, so Admission::leave() must be called once.
std::variant<Upgrade, Refused> judge_upgrade(const protocol::Endpoint& endpoint,
                                             const http::RequestHead& head,
                                             auth::Authenticator* authenticator, Admission& admission,
                                             const Requester& requester, Attempt attempt = Attempt::first);

}  // namespace carillon::client
