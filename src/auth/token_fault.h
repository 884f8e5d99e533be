#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace carillon::auth {

// TokenFault: why a token was refused. For metrics and logs only: the client only learns that
// its token is invalid, not why.
enum class TokenFault : std::uint8_t {
  too_long,
  malformed,          // not three canonical base64url parts of strict JSON, or a mistyped claim
  algorithm_refused,  // `none`, unknown, or on no key's list
  unknown_key,        // no key with that `kid`
  unknown_issuer,     // its `iss`, not verified yet, is that of no key set
  no_keys,            // the key set that may have its key could not be fetched
  unknown_critical,   // a `crit` header: we support none
  bad_signature,
  expired,
  not_yet_valid,  // `nbf` in the future
  wrong_issuer,
  wrong_audience,
  wrong_party,          // its `azp` or `client_id` is not in auth.authorized_parties
  missing_scope,        // its `scope` or `scp` lacks one of auth.scopes
  missing_claim,        // `exp` where the key requires it
  no_selection,         // without the claim that select.by = "claim:…" names
  bad_selection,        // that claim is neither a channel nor an array of at most limits.channels of them
  time_in_milliseconds  // `exp`, `nbf` or `iat` of 10^11 or more: RFC 7519 uses seconds
};
constexpr std::array<TokenFault, 18> kTokenFaults = {
    TokenFault::too_long,         TokenFault::malformed,      TokenFault::algorithm_refused,
    TokenFault::unknown_key,      TokenFault::unknown_issuer, TokenFault::no_keys,
    TokenFault::unknown_critical, TokenFault::bad_signature,  TokenFault::expired,
    TokenFault::not_yet_valid,    TokenFault::wrong_issuer,   TokenFault::wrong_audience,
    TokenFault::wrong_party,      TokenFault::missing_scope,  TokenFault::missing_claim,
    TokenFault::no_selection,     TokenFault::bad_selection,  TokenFault::time_in_milliseconds};

std::string_view name_of(TokenFault fault);  // "expired": a metric's label

// Returns the later one, in the order of the checks, of the faults that two keys found in one token:
// it shows better what the token's issuer has to fix.
TokenFault more_telling(TokenFault a, TokenFault b);

}  // namespace carillon::auth
