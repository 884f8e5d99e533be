// Tokens for trying a gateway: what they contain, and which configured key can sign one for which endpoint.
//
// Pure; thread: any, one at a time for a signer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/signer.h"
#include "base/result.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::app {

// What a token is to contain. What is written here wins over what the configuration requires.
struct TokenRequest {
  std::string subject = "dev";
  seconds ttl{3600};
  std::string issuer;    // empty: that of the configuration, or none
  std::string audience;  // likewise
  std::string claims;    // a JSON object to merge in; empty: none
  std::string key_id;    // `kid` of the header; empty: none
  std::string required;  // a JSON object with what the configuration requires; empty: nothing
};

// "90s", "15m", "1h": at least a second, at most 100 days. The error says what to write.
Result<seconds> parse_ttl(std::string_view text);

// Returns the claims as a JSON object: `sub`, `iat`, `exp` and the others. Fails when `claims` is not an
// object or has one of these.
Result<std::string> claims_of(const TokenRequest& request, WallTime now);

Result<std::string> mint_token(const auth::Signer& signer, const TokenRequest& request, WallTime now);
// An HS256 token. Any secret will do: the gateway is where a weak one is refused.
Result<std::string> mint_token(std::string_view secret, const TokenRequest& request, WallTime now);

// Whether tokens that this key has signed are accepted by the endpoint, and this program can sign them: the
// key is a secret.
bool can_sign(const config::KeySettings& key, const config::EndpointAuth& auth);

// The first algorithm that both list and that a secret can sign with. Nothing: there is none.
std::optional<auth::Algorithm> signing_algorithm(const config::KeySettings& key,
                                                 const config::EndpointAuth& auth);

// A JSON object with the claims that the key and the endpoint require and whose values the configuration has:
// issuer, audience, authorized party, scopes, and a value of the claim that selects events.
std::string required_claims(const config::KeySettings& key, const config::EndpointSettings& endpoint);

// A token for an endpoint, from the first of its keys that can sign one. Where tokens name the channels that
// they permit (auth.channels_claim), it permits all, unless the request has claims. Nothing: there is none.
std::optional<std::string> token_for(const config::EndpointSettings& endpoint,
                                     const config::Settings& settings, TokenRequest request, WallTime now);

}  // namespace carillon::app
