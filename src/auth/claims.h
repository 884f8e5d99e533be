// Claims: what a payload says about time, issuer, audience and subject (RFC 7519 section 4.1), and the
// judgement of a key's rules over it.
//
// Thread: any. Pure. Read only after the signature was found good.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_fault.h"
#include "base/result.h"
#include "base/time.h"

namespace carillon::auth {

constexpr unsigned kTokenDepthMax = 32;        // nesting of header and payload
constexpr std::size_t kTokenMembersMax = 512;  // of all objects in one of them together

struct Claims {
  std::optional<WallTime> expires_at;
  std::optional<WallTime> not_before;
  std::optional<WallTime> issued_at;
  std::optional<std::string> issuer;
  std::vector<std::string> audience;  // a string counts as an array of one
  std::string subject;                // "" without a `sub`
};

// Strict JSON object without duplicate members; a claim above with another type than its own is
// `malformed`, others may be anything.
Result<Claims, TokenFault> parse_claims(std::string_view payload);

struct ClaimRules {
  std::string issuer;    // empty: any, or none
  std::string audience;  // empty: any, or none
  seconds leeway{0};
  bool require_exp = false;
};

// From when until when a token is good, leeway included: from <= now < until.
struct Validity {
  WallTime from = WallTime::min();
  WallTime until = WallTime::max();
};
Validity validity_of(const Claims& claims, const ClaimRules& rules);

// Issuer, audience, `exp` present, `nbf` and `iat` not in the future, `exp` not reached; in this order.
std::optional<TokenFault> judge(const Claims& claims, const ClaimRules& rules, WallTime now);

}  // namespace carillon::auth
