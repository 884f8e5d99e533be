#include "auth/token_fault.h"

#include <algorithm>

namespace carillon::auth {
namespace {

// How far a token came before it was refused.
int progress(TokenFault fault) {
  constexpr std::array kOrder = {
      TokenFault::too_long,         TokenFault::malformed,      TokenFault::algorithm_refused,
      TokenFault::unknown_critical, TokenFault::unknown_issuer, TokenFault::no_keys,
      TokenFault::unknown_key,      TokenFault::bad_signature,  TokenFault::time_in_milliseconds,
      TokenFault::wrong_issuer,     TokenFault::wrong_audience, TokenFault::missing_claim,
      TokenFault::not_yet_valid,    TokenFault::expired,        TokenFault::wrong_party,
      TokenFault::missing_scope};
  static_assert(kOrder.size() == kTokenFaults.size());
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), fault) - kOrder.begin());
}

}  // namespace

std::string_view name_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::too_long:
      return "too_long";
    case TokenFault::malformed:
      return "malformed";
    case TokenFault::algorithm_refused:
      return "algorithm_refused";
    case TokenFault::unknown_key:
      return "unknown_key";
    case TokenFault::unknown_issuer:
      return "unknown_issuer";
    case TokenFault::no_keys:
      return "no_keys";
    case TokenFault::unknown_critical:
      return "unknown_critical";
    case TokenFault::bad_signature:
      return "bad_signature";
    case TokenFault::expired:
      return "expired";
    case TokenFault::not_yet_valid:
      return "not_yet_valid";
    case TokenFault::wrong_issuer:
      return "wrong_issuer";
    case TokenFault::wrong_audience:
      return "wrong_audience";
    case TokenFault::wrong_party:
      return "wrong_party";
    case TokenFault::missing_scope:
      return "missing_scope";
    case TokenFault::missing_claim:
      return "missing_claim";
    case TokenFault::time_in_milliseconds:
      return "time_in_milliseconds";
  }
  return "unknown";
}

TokenFault more_telling(TokenFault a, TokenFault b) { return progress(a) >= progress(b) ? a : b; }

}  // namespace carillon::auth
