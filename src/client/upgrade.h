// The judgement of an upgrade, in the order that all four built-in protocols require: (path and method found
// by the caller) → draining or cap 503 → accept rate 429 → Origin 403 → token 401 → its user's cap 429 →
// upgrade headers 400/426 → 101.
//
// Pure but for Admission, which it asks and, at the very end, enters.
#pragma once

#include <memory>
#include <string>
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

// What became of a client's offer to compress.
enum class Compression : std::uint8_t {
  not_offered,
  on,
  off,     // declined: `deflate` is off
  unknown  // declined: no offer that we can take
};

struct Upgrade {
  Ref<const auth::Identity> identity;  // null where the endpoint asks for no token
  std::string accept_key;
  std::string_view extensions;        // the answer's header; empty: none
  std::string_view subprotocol;       // likewise; points into the endpoint's settings
  bool subprotocol_mismatch = false;  // the client offered some, and none of the endpoint's
  Compression compression = Compression::not_offered;
  protocol::Selection selection;  // where the endpoint lets a client choose by its query
};

struct Refused {
  RefusalReason reason;
  http::Response response;
  std::string detail;  // for the log: never the token
};

// What judges the tokens of an endpoint, from the keys that it may use; null where it asks for none.
Result<std::unique_ptr<auth::Authenticator>> make_authenticator(const config::EndpointSettings& endpoint,
                                                                const config::Settings& settings);

// `authenticator` is null for an endpoint without authentication. Upgrade: the place is taken, and
// Admission::leave() is owed.
std::variant<Upgrade, Refused> judge_upgrade(const protocol::Endpoint& endpoint,
                                             const http::RequestHead& head,
                                             auth::Authenticator* authenticator, Admission& admission,
                                             const Requester& requester);

}  // namespace carillon::client
