#include "auth/authenticator.h"

#include <algorithm>
#include <optional>

#include "auth/claims.h"
#include "auth/compact_jws.h"
#include "auth/key.h"
#include "auth/token_cache.h"

namespace carillon::auth {
namespace {

struct Verified {
  Ref<const Identity> identity;
  Validity validity;
};

class JwtAuthenticator final : public Authenticator {
 public:
  JwtAuthenticator(std::vector<Key> keys, const Options& options)
      : keys_(std::move(keys)), options_(options), cache_(options.cache_entries_max) {
    for (const Key& key : keys_) listed_.add(key.algorithms());
  }

  Result<Ref<const Identity>, TokenFault> verify(std::string_view token, WallTime now) override;
  const AuthenticatorCounters& counters() const override { return counters_; }

 private:
  Result<Verified, TokenFault> judge_token(std::string_view token, WallTime now);
  Result<Verified, TokenFault> try_keys(Algorithm algorithm, const JoseHeader& header, WallTime now);
  bool names_no_key(const JoseHeader& header) const;

  std::vector<Key> keys_;
  AlgorithmSet listed_;  // by any key
  Options options_;
  TokenCache cache_;
  AuthenticatorCounters counters_;
  CompactJws jws_;  // the token at hand
};

Result<Ref<const Identity>, TokenFault> JwtAuthenticator::verify(std::string_view token, WallTime now) {
  if (token.size() > options_.token_bytes_max) return tl::unexpected(TokenFault::too_long);
  const auto digest = cache_.digest_of(token);
  if (digest) {
    if (auto identity = cache_.find(*digest, now)) {
      ++counters_.cache_hits;
      return identity;
    }
  }
  ++counters_.cache_misses;
  auto verified = judge_token(token, now);
  if (!verified) return tl::unexpected(verified.error());
  if (digest) cache_.insert(*digest, verified->identity, verified->validity, now);
  return std::move(verified->identity);
}

Result<Verified, TokenFault> JwtAuthenticator::judge_token(std::string_view token, WallTime now) {
  if (!jws_.take_apart(token)) return tl::unexpected(TokenFault::malformed);
  const auto header = parse_header(jws_.header);
  if (!header) return tl::unexpected(header.error());
  const auto algorithm = algorithm_named(header->algorithm);
  if (!algorithm || !listed_.has(*algorithm)) return tl::unexpected(TokenFault::algorithm_refused);
  if (header->critical == JoseHeader::Critical::present) return tl::unexpected(TokenFault::unknown_critical);
  return try_keys(*algorithm, *header, now);
}

// Each key that the header chooses, in the order of the configuration, until one admits the token.
Result<Verified, TokenFault> JwtAuthenticator::try_keys(Algorithm algorithm, const JoseHeader& header,
                                                        WallTime now) {
  TokenFault fault = names_no_key(header) ? TokenFault::unknown_key : TokenFault::algorithm_refused;
  std::optional<Claims> claims;  // read once a signature is good, not before
  for (Key& key : keys_) {
    if (!key.takes(header.key_id) || !key.lists(algorithm)) continue;
    fault = more_telling(fault, TokenFault::bad_signature);
    if (!key.verify(algorithm, jws_.signing_input, jws_.signature)) continue;
    if (!claims) {
      auto parsed = parse_claims(jws_.payload, options_.channels_claim);
      if (!parsed) return tl::unexpected(parsed.error());
      claims = std::move(*parsed);
    }
    if (options_.require_exp && !claims->expires_at) return tl::unexpected(TokenFault::missing_claim);
    if (const auto refused = judge(*claims, key.rules(), now)) {
      fault = more_telling(fault, *refused);
      continue;
    }
    const Validity validity = validity_of(*claims, key.rules());
    std::optional<WallTime> expires_at;
    if (claims->expires_at) expires_at = validity.until;
    Identity::Permitted permitted;
    if (!options_.channels_claim.empty()) permitted = std::move(claims->channels);
    return Verified{Identity::make(std::move(claims->subject), expires_at, std::move(permitted)), validity};
  }
  return tl::unexpected(fault);
}

// Whether the token names no key of ours. A token without a `kid` names none when every key has an id.
bool JwtAuthenticator::names_no_key(const JoseHeader& header) const {
  if (header.key_id) {
    return std::none_of(keys_.begin(), keys_.end(),
                        [&](const Key& key) { return key.has_id(*header.key_id); });
  }
  return std::none_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.takes(header.key_id); });
}

class ApiKeyAuthenticator final : public Authenticator {
 public:
  explicit ApiKeyAuthenticator(std::vector<Secret> keys)
      : keys_(std::move(keys)), anybody_(Identity::make("", std::nullopt)) {}

  Result<Ref<const Identity>, TokenFault> verify(std::string_view token, WallTime) override {
    bool known = false;
    for (const Secret& key : keys_) known |= equal_in_constant_time(key.reveal(), token);
    if (!known) return tl::unexpected(TokenFault::unknown_key);
    return anybody_;
  }
  const AuthenticatorCounters& counters() const override { return counters_; }

 private:
  const std::vector<Secret> keys_;
  const Ref<const Identity> anybody_;
  const AuthenticatorCounters counters_;
};

}  // namespace

std::unique_ptr<Authenticator> make_api_key_authenticator(std::vector<Secret> keys) {
  return std::make_unique<ApiKeyAuthenticator>(std::move(keys));
}

Result<std::unique_ptr<Authenticator>> Authenticator::create(const std::vector<config::KeySettings>& settings,
                                                             const Options& options,
                                                             WeakSecrets weak_secrets) {
  if (settings.empty()) {
    return failure(
        "keys: none is configured, so every token would be refused; add [keys.main] with algorithms and "
        "secret");
  }
  std::vector<std::string> problems;
  std::vector<Key> keys;
  for (const config::KeySettings& one : settings) {
    if (auto key = Key::make(one, weak_secrets, problems)) keys.push_back(std::move(*key));
  }
  if (problems.empty()) return std::make_unique<JwtAuthenticator>(std::move(keys), options);
  std::string message;
  for (const std::string& problem : problems) message += (message.empty() ? "" : "\n") + problem;
  return failure(std::move(message));
}

}  // namespace carillon::auth
