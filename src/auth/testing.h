// What the tests, the benchmark and the fuzz target of this folder share: keys in one line, and tokens
// that a well-behaved library would never make.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authenticator.h"
#include "auth/base64url.h"
#include "auth/hmac.h"
#include "auth/test_vectors.h"

namespace carillon::auth::testing {

inline constexpr WallTime kNow{seconds(1'700'000'000)};

inline config::KeySettings hmac_key(std::string_view secret = vectors::kSecret,
                                    std::vector<std::string> algorithms = {"HS256"}) {
  config::KeySettings key;
  key.name = "main";
  key.algorithms = std::move(algorithms);
  key.secret = Secret(std::string(secret));
  key.origin = {"gateway.toml", 12};
  return key;
}

inline config::KeySettings public_key(std::string_view pem, std::vector<std::string> algorithms) {
  config::KeySettings key;
  key.name = "issuer";
  key.algorithms = std::move(algorithms);
  key.public_key_pem = pem;
  key.origin = {"gateway.toml", 30};
  return key;
}

inline std::unique_ptr<Authenticator> authenticator(const std::vector<config::KeySettings>& keys,
                                                    Authenticator::Options options = {}) {
  auto made = Authenticator::create(keys, options, Authenticator::WeakSecrets::refuse);
  return made ? std::move(*made) : nullptr;
}

// Both parts are signed as they are, whatever they hold.
inline std::string sign(std::string_view header, std::string_view payload,
                        std::string_view secret = vectors::kSecret, Algorithm algorithm = Algorithm::hs256) {
  const std::string input = encode_base64url(header) + "." + encode_base64url(payload);
  auto hmac = Hmac::make(algorithm, secret);
  return hmac ? input + "." + encode_base64url(hmac->compute(input).view()) : input;
}

inline constexpr std::string_view kHeader = R"({"alg":"HS256"})";

inline std::string with_header(std::string_view header) { return sign(header, R"({"sub":"alice"})"); }
inline std::string with_claims(std::string_view payload) { return sign(kHeader, payload); }

// "ok", or the fault's name: so that a table of expectations reads as one.
inline std::string verdict(Authenticator& authenticator, std::string_view token, WallTime now = kNow) {
  const auto identity = authenticator.verify(token, now);
  return identity ? "ok" : std::string(name_of(identity.error()));
}

}  // namespace carillon::auth::testing
