#include "auth/key.h"

#include <algorithm>

#include "auth/compact_jws.h"
#include "config/load.h"
#include "config/text.h"

namespace carillon::auth {
namespace {

using WeakSecrets = Authenticator::WeakSecrets;

// Collects what is wrong with one key.
class Problems {
 public:
  Problems(const config::KeySettings& settings, std::vector<std::string>& out)
      : settings_(settings), out_(out), before_(out.size()) {}

  void add(std::string_view field, std::string message) {
    std::string key = "keys." + settings_.name + "." + std::string(field);
    std::string text = config::Problem{settings_.origin, std::move(key), std::move(message)}.text();
    // Two algorithms may find the same fault in one key.
    const auto mine = out_.begin() + static_cast<std::ptrdiff_t>(before_);
    if (std::find(mine, out_.end(), text) == out_.end()) out_.push_back(std::move(text));
  }
  bool none() const { return out_.size() == before_; }

 private:
  const config::KeySettings& settings_;
  std::vector<std::string>& out_;
  std::size_t before_;
};

bool is_hmac(Algorithm algorithm) { return family_of(algorithm) == AlgorithmFamily::hmac; }

AlgorithmSet check_algorithms(const config::KeySettings& settings, Problems& problems) {
  AlgorithmSet set;
  if (settings.algorithms.empty()) {
    problems.add("algorithms", "is empty; list what the issuer signs with, such as [\"HS256\"]");
  }
  for (const std::string& name : settings.algorithms) {
    if (const auto algorithm = algorithm_named(name)) {
      set.add(*algorithm);
    } else {
      problems.add("algorithms", unknown_algorithm(name));
    }
  }
  const auto list = set.list();
  if (std::any_of(list.begin(), list.end(), is_hmac) && !std::all_of(list.begin(), list.end(), is_hmac)) {
    problems.add(
        "algorithms",
        "mixes HS* with public-key algorithms, so that anyone with the public key could sign tokens; "
        "write two keys instead");
    return {};
  }
  return set;
}

void check_secret(const config::KeySettings& settings, WeakSecrets weak_secrets, Problems& problems) {
  const std::string_view secret = settings.secret.reveal();
  if (!settings.public_key_pem.empty()) problems.add("public_key", "HS* uses `secret` only; remove this");
  if (secret.empty()) {
    problems.add("secret", "is missing; HS* needs it: { env = \"CARILLON_JWT_SECRET\" }, for instance");
  } else if (secret.find("-----BEGIN ") != std::string_view::npos) {
    problems.add("secret",
                 "holds a PEM key, which is not a shared secret; for a public key list RS*, PS*, ES* or "
                 "EdDSA and give it as `public_key`");
  } else if (secret.size() < kSecretBytesMin && weak_secrets == WeakSecrets::refuse) {
    problems.add("secret",
                 "has " + std::to_string(secret.size()) + " bytes, which can be guessed; it needs at least " +
                     std::to_string(kSecretBytesMin) + ": make one with \"openssl rand -base64 48\"");
  }
}

std::optional<PublicKey> check_public_key(const config::KeySettings& settings, AlgorithmSet algorithms,
                                          Problems& problems) {
  if (!settings.secret.empty()) {
    problems.add("secret", "RS*, PS*, ES* and EdDSA use `public_key` only; remove this");
  }
  if (settings.public_key_pem.empty()) {
    problems.add("public_key", "is missing; RS*, PS*, ES* and EdDSA need the issuer's public key in PEM");
    return std::nullopt;
  }
  auto key = PublicKey::parse(settings.public_key_pem);
  if (!key) {
    problems.add("public_key", std::move(key.error().message));
    return std::nullopt;
  }
  for (const Algorithm algorithm : algorithms.list()) {
    if (auto misfit = key->misfit(algorithm)) problems.add("public_key", std::move(*misfit));
  }
  return std::move(*key);
}

bool has_key_set(const config::KeySettings& settings) {
  return !settings.jwks_file.path.empty() || source_of(settings);
}

// The keys of a file never change; the others begin without any.
std::optional<SetVerifier> check_key_set(const config::KeySettings& settings, const KeyStore* store,
                                         Problems& problems) {
  if (settings.jwks_file.path.empty()) return SetVerifier(store ? store->find(settings) : nullptr);
  auto keys = parse_jwks(settings.jwks_file.text ? *settings.jwks_file.text : std::string_view());
  if (!keys) {
    problems.add("jwks_file", "the file " + config::quoted(settings.jwks_file.path) + " " +
                                  std::move(keys.error().message) +
                                  "; write the path of a document that the issuer publishes");
    return std::nullopt;
  }
  if (keys->secrets > 0) {
    problems.add("jwks_file", "the file " + config::quoted(settings.jwks_file.path) +
                                  " has private or shared keys, which only the issuer may have: " +
                                  keys->ignored_why.front() + "; remove them from it");
    return std::nullopt;
  }
  return SetVerifier(*keys);
}

void check_rest(const config::KeySettings& settings, Problems& problems) {
  if (settings.leeway < seconds(0) || settings.leeway > kLeewayMax) {
    problems.add("leeway", "must be 0 s to " + std::to_string(kLeewayMax.count()) + " s");
  }
  if (settings.key_id.size() > kKeyIdBytesMax) {
    problems.add("key_id",
                 "is longer than any `kid` may be: at most " + std::to_string(kKeyIdBytesMax) + " bytes");
  }
}

}  // namespace

std::optional<Key> Key::make(const config::KeySettings& settings, WeakSecrets weak_secrets,
                             std::vector<std::string>& out, const KeyStore* store) {
  Problems problems(settings, out);
  Key key;
  key.algorithms_ = check_algorithms(settings, problems);
  check_rest(settings, problems);
  const auto list = key.algorithms_.list();
  if (list.empty()) return std::nullopt;
  if (has_key_set(settings)) {
    key.set_ = check_key_set(settings, store, problems);
  } else if (is_hmac(list.front())) {
    check_secret(settings, weak_secrets, problems);
  } else {
    key.public_key_ = check_public_key(settings, key.algorithms_, problems);
  }
  if (!problems.none()) return std::nullopt;
  for (const Algorithm algorithm : list) {
    if (key.set_ || !is_hmac(algorithm)) break;
    auto hmac = Hmac::make(algorithm, settings.secret.reveal());
    if (!hmac) problems.add("secret", "is refused by this machine's OpenSSL");
    if (hmac) key.hmacs_.push_back({algorithm, std::move(*hmac)});
  }
  if (!problems.none()) return std::nullopt;
  key.mark_ = key.public_key_ ? key.public_key_->mark() : mark_of(settings.secret.reveal());
  key.key_id_ = settings.key_id;
  key.rules_ = {settings.issuer, settings.audience, settings.leeway, settings.require_exp};
  return key;
}

std::optional<KeyMark> Key::verify(const std::optional<std::string>& key_id, Algorithm algorithm,
                                   std::string_view input, std::string_view signature) {
  if (!lists(algorithm)) return std::nullopt;
  if (set_) return set_->verify(key_id, algorithm, input, signature);
  bool is_good = false;
  if (!is_hmac(algorithm)) is_good = public_key_ && public_key_->verify(algorithm, input, signature);
  for (PreparedHmac& prepared : hmacs_) {
    if (prepared.algorithm == algorithm) is_good = prepared.hmac.verify(input, signature);
  }
  return is_good ? std::optional(mark_) : std::nullopt;
}

}  // namespace carillon::auth
