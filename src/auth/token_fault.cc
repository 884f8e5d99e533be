#include "auth/token_fault.h"

#include <algorithm>
#include <utility>

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
      TokenFault::missing_scope,    TokenFault::no_selection,   TokenFault::bad_selection};
  static_assert(kOrder.size() == kTokenFaults.size());
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), fault) - kOrder.begin());
}

constexpr std::array<std::pair<TokenFault, std::string_view>, kTokenFaults.size()> kNames{{
    {TokenFault::too_long, "too_long"},
    {TokenFault::malformed, "malformed"},
    {TokenFault::algorithm_refused, "algorithm_refused"},
    {TokenFault::unknown_key, "unknown_key"},
    {TokenFault::unknown_issuer, "unknown_issuer"},
    {TokenFault::no_keys, "no_keys"},
    {TokenFault::unknown_critical, "unknown_critical"},
    {TokenFault::bad_signature, "bad_signature"},
    {TokenFault::expired, "expired"},
    {TokenFault::not_yet_valid, "not_yet_valid"},
    {TokenFault::wrong_issuer, "wrong_issuer"},
    {TokenFault::wrong_audience, "wrong_audience"},
    {TokenFault::wrong_party, "wrong_party"},
    {TokenFault::missing_scope, "missing_scope"},
    {TokenFault::missing_claim, "missing_claim"},
    {TokenFault::no_selection, "no_selection"},
    {TokenFault::bad_selection, "bad_selection"},
    {TokenFault::time_in_milliseconds, "time_in_milliseconds"},
}};

}  // namespace

std::string_view name_of(TokenFault fault) {
  const auto it =
      std::find_if(kNames.begin(), kNames.end(), [fault](const auto& each) { return each.first == fault; });
  return it == kNames.end() ? "unknown" : it->second;
}

TokenFault more_telling(TokenFault a, TokenFault b) { return progress(a) >= progress(b) ? a : b; }

}  // namespace carillon::auth
