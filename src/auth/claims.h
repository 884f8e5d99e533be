// Claims: the time, issuer, audience and subject in a token's payload (RFC 7519 section 4.1), and the
// check of a key's rules on them.
//
// Thread: any. Pure. Claims are read only after the signature was verified.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_fault.h"
#include "base/result.h"
#include "base/time.h"
#include "event/channel_pattern.h"

namespace carillon::auth {

constexpr unsigned kTokenDepthMax = 32;          // nesting of header and payload
constexpr std::size_t kTokenMembersMax = 512;    // of all objects in one of them together
constexpr std::size_t kTokenChannelsMax = 128;   // patterns in a token; more are ignored
constexpr std::size_t kTokenSelectedMax = 1024;  // channels that a token selects; more are refused

// The channels that a claim selects for the client: one channel, or an array of channels, each kept once.
struct Selected {
  enum class State : std::uint8_t { absent, malformed, present };
  State state = State::absent;
  std::vector<std::string> channels;  // each is a valid name (event/channel_name.h)
};

// The claims of a token that Carillon uses.
struct Claims {
  std::optional<WallTime> expires_at;
  std::optional<WallTime> not_before;
  std::optional<std::string> issuer;
  std::vector<std::string> audience;     // a string counts as an array of one
  std::string subject;                   // "" without a `sub`
  std::vector<ChannelPattern> channels;  // of the claim that was asked for
  Selected selected;                     // of the other claim that was asked for
  std::string party;                // the client that got the token: `azp`, else `client_id`, else `appid`
  std::vector<std::string> scopes;  // of `scope` and `scp`
};

// The names of the claims that an endpoint has chosen; empty: none.
struct ClaimNames {
  std::string_view channels;   // with the channels that the token permits
  std::string_view selection;  // with the channels that the client receives
};

// Whether the claims about the client that got the token are read: party and scopes.
enum class GrantClaims : std::uint8_t { skip, read };

// Parses the claims. The payload must be a strict JSON object without duplicate members. One of the claims
// above, or an `iat`, of the wrong type is `malformed`, and a time of 10^11 or more is
// `time_in_milliseconds`; other claims may be anything. `names.channels` names the claim with an array
// of channel patterns. If it is missing or not an array, no channel is permitted; elements that are not
// patterns are ignored. `names.selection` names the claim for Claims::selected. Where grants are read, a
// party that is not a string is `malformed`; a scope is a string of names with blanks between them, or an
// array of names.
Result<Claims, TokenFault> parse_claims(std::string_view payload, const ClaimNames& names = {},
                                        GrantClaims grants = GrantClaims::skip);

// Returns the `iss` of a payload whose signature has not been verified, which may only be compared with
// configured issuers; nothing when it has none. Fails when the payload is malformed.
Result<std::optional<std::string>, TokenFault> unverified_issuer(std::string_view payload);

// What one key requires of a token's claims.
struct ClaimRules {
  std::string issuer;    // empty: any, or none
  std::string audience;  // empty: any, or none
  seconds leeway{0};
  bool require_exp = false;
};

// What an endpoint requires of the client that got the token.
struct GrantRules {
  std::vector<std::string> parties;  // one of them; empty: any, or none
  std::vector<std::string> scopes;   // all of them
  bool exist() const { return !parties.empty() || !scopes.empty(); }
};
std::optional<TokenFault> judge_grant(const Claims& claims, const GrantRules& rules);

// The time in which a token is valid, including the leeway: from <= now < until.
struct Validity {
  WallTime from = WallTime::min();
  WallTime until = WallTime::max();
};
Validity validity_of(const Claims& claims, const ClaimRules& rules);

// Checks issuer, audience, that `exp` is present, that `nbf` is not in the future and `exp` not reached, in
// this order. An `iat` in the future is not a reason to refuse: RFC 7519 section 4.1.6 does not define it so,
// and the issuer's clock may be ahead of ours.
std::optional<TokenFault> judge(const Claims& claims, const ClaimRules& rules, WallTime now);

}  // namespace carillon::auth
