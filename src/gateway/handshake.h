// The judgement of an upgrade, in the order that WIRE C2 binds: (path and method found by the caller) →
// draining or cap 503 → accept rate 429 → Origin 403 → token 401 → upgrade headers 400/426 → 101.
//
// Pure but for Admission, which it asks and, at the very end, enters.
#pragma once

#include <string>
#include <variant>

#include "auth/authenticator.h"
#include "gateway/admission.h"
#include "gateway/endpoint.h"
#include "gateway/reasons.h"
#include "http/request_head.h"
#include "http/response.h"

namespace carillon::gateway {

struct Upgrade {
  Ref<const auth::Identity> identity;  // null where the endpoint asks for no token
  std::string accept_key;
  std::string_view extensions;  // the answer's header; empty: none
};

struct Refused {
  RefusalReason reason;
  http::Response response;
  std::string detail;  // for the log: never the token
};

struct Visitor {
  std::string address;  // what counts as one, for limits
  MonoTime now;
  WallTime wall_now;
};

// `authenticator` is null for an endpoint without authentication. Upgrade: the place is taken, and
// Admission::leave() is owed.
std::variant<Upgrade, Refused> judge_upgrade(const Endpoint& endpoint, const http::RequestHead& head,
                                             auth::Authenticator* authenticator, Admission& admission,
                                             const Visitor& visitor);

}  // namespace carillon::gateway
