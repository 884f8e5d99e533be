#include "client/token_judgement.h"

#include <string>

namespace carillon::client {
namespace {

RefusalReason reason_of(auth::TokenFault fault) {
  switch (fault) {
    case auth::TokenFault::algorithm_refused:
      return RefusalReason::token_algorithm;
    case auth::TokenFault::unknown_key:
      return RefusalReason::token_key;
    case auth::TokenFault::unknown_issuer:
    case auth::TokenFault::wrong_issuer:
      return RefusalReason::token_issuer;
    case auth::TokenFault::no_keys:
      return RefusalReason::no_key_set;
    case auth::TokenFault::time_in_milliseconds:
      return RefusalReason::token_milliseconds;
    default:
      return RefusalReason::token_invalid;
  }
}

Refused refused_token(const protocol::Endpoint& endpoint, auth::Authenticator& authenticator,
                      auth::TokenFault fault, const Requester& requester) {
  Refused out{reason_of(fault), endpoint.token_invalid.at(requester.wall_now),
              std::string(auth::name_of(fault))};
  if (fault == auth::TokenFault::time_in_milliseconds) {
    out.detail = "exp, nbf or iat of the token is in milliseconds; its issuer must write seconds";
  } else if (const std::string shown = authenticator.shown(); !shown.empty()) {
    out.detail += ": " + shown;
  }
  out.keys_wait = authenticator.ask_for_keys(requester.now);
  return out;
}

}  // namespace

std::variant<Ref<const auth::Identity>, Refused> judge_token(const protocol::Endpoint& endpoint,
                                                             std::string_view token,
                                                             auth::Authenticator& authenticator,
                                                             const Requester& requester) {
  auto identity = authenticator.verify(token, requester.wall_now);
  if (identity) return std::move(*identity);
  return refused_token(endpoint, authenticator, identity.error(), requester);
}

}  // namespace carillon::client
