// What `carillon token verify` finds out about a token: each check with its outcome. It explains; the verdict
// is the gateway's own (client/token_judgement.h), and each rule is checked by the function that the gateway
// uses.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authenticator.h"
#include "auth/key.h"
#include "base/time.h"

namespace carillon::app {

// The outcome of one check.
struct TokenCheck {
  enum class Outcome : std::uint8_t { ok, fails, skipped };
  std::string name;  // "signature", "key main"
  Outcome outcome = Outcome::ok;
  std::string detail;
};
std::string_view name_of(TokenCheck::Outcome outcome);  // "ok", "FAIL", "-"

// A key that the endpoint accepts, by its name in [keys.*].
struct NamedKey {
  std::string name;
  auth::Key key;
};

// What the endpoint requires, as its authenticator is made.
using TokenRules = auth::Authenticator::Options;

// Checks what a token says of itself, with which of the keys it was signed, and whether its claims pass.
// Claims of a token whose signature no key has verified are checked with the rules of the first key that was
// tried.
std::vector<TokenCheck> check_token(std::string_view token, std::vector<NamedKey>& keys,
                                    const TokenRules& rules, WallTime now);

// "2026-01-01T00:00:00Z, 5 min ago" or "…, in 2 h".
std::string time_and_distance(WallTime time, WallTime now);

}  // namespace carillon::app
