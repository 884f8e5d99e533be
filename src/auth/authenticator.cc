#include "auth/authenticator.h"

#include <algorithm>
#include <optional>

#include "auth/claims.h"
#include "auth/compact_jws.h"
#include "auth/key.h"
#include "auth/token_cache.h"
#include "config/text.h"

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
    for (const Key& key : keys_) {
      listed_.add(key.algorithms());
      has_sets_ |= key.set() != nullptr;
    }
  }

  Result<Ref<const Identity>, TokenFault> verify(std::string_view token, WallTime now) override;
  std::string shown() const override;
  std::optional<milliseconds> ask_for_keys(MonoTime now) override;
  const AuthenticatorCounters& counters() const override { return counters_; }
  bool trusts(KeyMark key) const override {
    return std::any_of(keys_.begin(), keys_.end(), [key](const Key& each) { return each.has(key); });
  }

 private:
  void begin_token();
  Result<Verified, TokenFault> judge_token(std::string_view token, WallTime now);
  Result<Verified, TokenFault> try_keys(Algorithm algorithm, const JoseHeader& header, WallTime now);
  Result<Verified, TokenFault> admit(const Key& key, KeyMark mark, std::optional<Claims>& claims,
                                     WallTime now);
  std::optional<TokenFault> judge_selected(const Claims& claims);
  bool is_skipped(const Key& set) const;
  bool may_verify(const Key& key, Algorithm algorithm, const JoseHeader& header) const;
  bool names_no_key(Algorithm algorithm, const JoseHeader& header) const;
  std::optional<TokenFault> choose_sets(Algorithm algorithm, const JoseHeader& header);
  TokenFault fault_of_sets() const;
  void note_refused(std::string_view what, std::optional<std::string> text);

  std::vector<Key> keys_;
  AlgorithmSet listed_;    // by any key
  bool has_sets_ = false;  // without, a token costs nothing more
  Options options_;
  TokenCache cache_;
  AuthenticatorCounters counters_;
  CompactJws jws_;  // the token at hand
  // Of that token, where there are key sets:
  std::vector<Key*> sets_asked_;          // that may have its key, but do not have it now
  std::vector<const Key*> sets_skipped_;  // whose issuer is another
  std::optional<std::string> issuer_;     // not verified
  // What shown() quotes: a kid, an algorithm, an issuer or a claim, where the token has one; empty: nothing.
  std::string_view refused_what_;
  std::optional<std::string> refused_text_;
};

Result<Ref<const Identity>, TokenFault> JwtAuthenticator::verify(std::string_view token, WallTime now) {
  if (token.size() > options_.token_bytes_max) return tl::unexpected(TokenFault::too_long);
  if (has_sets_) begin_token();
  const auto digest = cache_.digest_of(token);
  if (digest) {
    if (auto identity = cache_.find(*digest, now)) {
      ++counters_.cache_hits;
      return identity;
    }
  }
  ++counters_.cache_misses;
  refused_what_ = {};
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
  if (!algorithm || !listed_.has(*algorithm)) {
    note_refused("alg", header->algorithm);
    return tl::unexpected(TokenFault::algorithm_refused);
  }
  if (header->critical == JoseHeader::Critical::present) return tl::unexpected(TokenFault::unknown_critical);
  if (has_sets_) {
    if (const auto fault = choose_sets(*algorithm, *header)) return tl::unexpected(*fault);
  }
  auto verified = try_keys(*algorithm, *header, now);
  if (verified) return verified;
  const TokenFault fault = verified.error();
  const bool is_of_claims = fault == TokenFault::wrong_issuer || fault == TokenFault::no_selection ||
                            fault == TokenFault::bad_selection;
  if (!is_of_claims) refused_what_ = {};  // noted for a key that was tried before
  if (fault == TokenFault::algorithm_refused) note_refused("alg", header->algorithm);
  if (fault == TokenFault::unknown_issuer) note_refused("iss", issuer_);
  if (fault == TokenFault::unknown_key || fault == TokenFault::no_keys) note_refused("kid", header->key_id);
  return verified;
}

// Each key that the header chooses, in the order of the configuration, until one admits the token.
Result<Verified, TokenFault> JwtAuthenticator::try_keys(Algorithm algorithm, const JoseHeader& header,
                                                        WallTime now) {
  TokenFault fault =
      names_no_key(algorithm, header) ? TokenFault::unknown_key : TokenFault::algorithm_refused;
  std::optional<Claims> claims;  // read once a signature is good, not before
  for (Key& key : keys_) {
    if (!key.lists(algorithm) || !may_verify(key, algorithm, header)) continue;
    fault = more_telling(fault, TokenFault::bad_signature);
    const auto verified_by = key.verify(header.key_id, algorithm, jws_.signing_input, jws_.signature);
    if (!verified_by) continue;
    auto admitted = admit(key, *verified_by, claims, now);
    if (admitted) return admitted;
    // Faults of the payload are the same with every key.
    if (!claims) return admitted;
    fault = more_telling(fault, admitted.error());
  }
  if (fault == TokenFault::unknown_key) fault = fault_of_sets();
  return tl::unexpected(fault);
}

bool JwtAuthenticator::may_verify(const Key& key, Algorithm algorithm, const JoseHeader& header) const {
  if (!key.set()) return key.takes(header.key_id);
  return !is_skipped(key) && key.set()->match(header.key_id, algorithm) == SetVerifier::Match::usable;
}

bool JwtAuthenticator::is_skipped(const Key& set) const {
  return std::find(sets_skipped_.begin(), sets_skipped_.end(), &set) != sets_skipped_.end();
}

// The key has verified the signature: judges the claims, which are parsed for the first such key.
Result<Verified, TokenFault> JwtAuthenticator::admit(const Key& key, KeyMark mark,
                                                     std::optional<Claims>& claims, WallTime now) {
  if (!claims) {
    const auto grants = options_.grants.exist() ? GrantClaims::read : GrantClaims::skip;
    auto parsed = parse_claims(jws_.payload, {options_.channels_claim, options_.selection_claim}, grants);
    if (!parsed) return tl::unexpected(parsed.error());
    claims = std::move(*parsed);
  }
  if (options_.require_exp && !claims->expires_at) return tl::unexpected(TokenFault::missing_claim);
  if (const auto refused = judge(*claims, key.rules(), now)) {
    if (*refused == TokenFault::wrong_issuer) note_refused("iss", claims->issuer);
    return tl::unexpected(*refused);
  }
  if (const auto refused = judge_grant(*claims, options_.grants)) return tl::unexpected(*refused);
  if (const auto refused = judge_selected(*claims)) return tl::unexpected(*refused);
  const Validity validity = validity_of(*claims, key.rules());
  std::optional<WallTime> expires_at;
  if (claims->expires_at) expires_at = validity.until;
  Identity::Permitted permitted;
  if (!options_.channels_claim.empty()) permitted = std::move(claims->channels);
  return Verified{Identity::make(claims->subject, expires_at, std::move(permitted), mark,
                                 std::move(claims->selected.channels)),
                  validity};
}

std::optional<TokenFault> JwtAuthenticator::judge_selected(const Claims& claims) {
  if (options_.selection_claim.empty()) return std::nullopt;
  const Selected& selected = claims.selected;
  const bool is_good =
      selected.state == Selected::State::present && selected.channels.size() <= options_.selection_max;
  if (is_good) return std::nullopt;
  note_refused("claim", options_.selection_claim);
  return selected.state == Selected::State::absent ? TokenFault::no_selection : TokenFault::bad_selection;
}

// --- key sets -----------------------------------------------------------------------------------

// Tokens that a removed key has verified must not be admitted any more.
void JwtAuthenticator::begin_token() {
  sets_asked_.clear();
  sets_skipped_.clear();
  bool changed = false;
  for (Key& key : keys_) {
    if (key.set()) changed |= key.set()->update();
  }
  if (changed) cache_.clear();
}

// Finds the sets that cannot have signed the token, by its issuer, and those that may have its key but do not
// have it now. Fails when the payload is malformed.
std::optional<TokenFault> JwtAuthenticator::choose_sets(Algorithm algorithm, const JoseHeader& header) {
  auto issuer = unverified_issuer(jws_.payload);
  if (!issuer) return issuer.error();
  issuer_ = std::move(*issuer);
  for (Key& key : keys_) {
    if (!key.set() || !key.lists(algorithm)) continue;
    if (!key.rules().issuer.empty() && issuer_ != key.rules().issuer) {
      sets_skipped_.push_back(&key);
    } else if (key.set()->match(header.key_id, algorithm) == SetVerifier::Match::unknown_id) {
      // Without a kid newer keys would not make the choice any clearer.
      if (header.key_id || !key.set()->has_keys()) sets_asked_.push_back(&key);
    }
  }
  return std::nullopt;
}

// Why no key was found for the token.
TokenFault JwtAuthenticator::fault_of_sets() const {
  if (sets_asked_.empty())
    return sets_skipped_.empty() ? TokenFault::unknown_key : TokenFault::unknown_issuer;
  const bool has_none = std::none_of(sets_asked_.begin(), sets_asked_.end(),
                                     [](const Key* key) { return key->set()->has_keys(); });
  return has_none ? TokenFault::no_keys : TokenFault::unknown_key;
}

std::optional<milliseconds> JwtAuthenticator::ask_for_keys(MonoTime now) {
  std::optional<milliseconds> longest;
  for (Key* const key : sets_asked_) {
    KeySetSlot* const slot = key->set()->slot();
    const auto wait = slot ? slot->ask(now) : std::nullopt;
    if (wait) longest = std::max(longest.value_or(milliseconds(0)), *wait);
  }
  if (longest && options_.key_store) options_.key_store->wake();
  return longest;
}

std::string JwtAuthenticator::shown() const {
  if (refused_what_.empty()) return {};
  if (!refused_text_) return "no " + std::string(refused_what_);
  return std::string(refused_what_) + " " + config::quoted(*refused_text_);
}

void JwtAuthenticator::note_refused(std::string_view what, std::optional<std::string> text) {
  refused_what_ = what;
  refused_text_ = std::move(text);
}

// Whether the token names no key of ours. A token without a `kid` names none when every key has an id.
bool JwtAuthenticator::names_no_key(Algorithm algorithm, const JoseHeader& header) const {
  return std::none_of(keys_.begin(), keys_.end(), [&](const Key& key) {
    if (const SetVerifier* const set = key.set()) {
      return !is_skipped(key) && set->match(header.key_id, algorithm) != SetVerifier::Match::unknown_id;
    }
    return header.key_id ? key.has_id(*header.key_id) : key.takes(header.key_id);
  });
}

class ApiKeyAuthenticator final : public Authenticator {
 public:
  explicit ApiKeyAuthenticator(std::vector<Secret> keys) : keys_(std::move(keys)) {
    for (const Secret& key : keys_) {
      identities_.push_back(Identity::make("", std::nullopt, std::nullopt, mark_of(key.reveal())));
    }
  }

  Result<Ref<const Identity>, TokenFault> verify(std::string_view token, WallTime) override {
    std::size_t found = keys_.size();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (equal_in_constant_time(keys_[i].reveal(), token)) found = i;
    }
    if (found == keys_.size()) return tl::unexpected(TokenFault::unknown_key);
    return identities_[found];
  }
  const AuthenticatorCounters& counters() const override { return counters_; }
  bool trusts(KeyMark key) const override {
    return std::any_of(identities_.begin(), identities_.end(),
                       [key](const Ref<const Identity>& each) { return each->key() == key; });
  }

 private:
  const std::vector<Secret> keys_;
  std::vector<Ref<const Identity>> identities_;  // by key
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
    if (auto key = Key::make(one, weak_secrets, problems, options.key_store)) keys.push_back(std::move(*key));
  }
  if (problems.empty()) return std::make_unique<JwtAuthenticator>(std::move(keys), options);
  std::string message;
  for (const std::string& problem : problems) message += (message.empty() ? "" : "\n") + problem;
  return failure(std::move(message));
}

}  // namespace carillon::auth
