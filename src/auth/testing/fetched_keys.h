// Authenticators with key sets, of files or fetched, for tests: the test answers the fetches.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/authenticator.h"
#include "auth/key_store.h"
#include "auth/testing.h"
#include "auth/testing/signing_key.h"

namespace carillon::auth::testing {

inline constexpr MonoTime kMono{std::chrono::hours(1)};

inline config::KeySettings key_named(const std::string& name,
                                     std::vector<std::string> algorithms = {"RS256", "ES256"}) {
  config::KeySettings key;
  key.name = name;
  key.algorithms = std::move(algorithms);
  key.origin = {"gateway.toml", 30};
  return key;
}

inline config::KeySettings file_key(std::string document,
                                    std::vector<std::string> algorithms = {"RS256", "ES256"}) {
  auto key = key_named("file", std::move(algorithms));
  key.jwks_file = {"jwks.json", std::make_shared<const std::string>(std::move(document))};
  return key;
}

inline config::KeySettings url_key(const std::string& name, const std::string& issuer = {}) {
  auto key = key_named(name);
  key.jwks_url = "https://" + name + ".example.com/keys";
  key.issuer = issuer;
  return key;
}

inline std::string claims_of(const std::string& issuer) {
  return R"({"sub":"alice","iss":")" + issuer + "\"}";
}

// Authenticators with a store whose fetches the test answers.
class Fetched {
 public:
  explicit Fetched(std::vector<config::KeySettings> keys, Authenticator::Options options = {})
      : keys_(std::move(keys)) {
    store.configure(keys_);
    store.set_wake([this] { ++wakes; });
    options.key_store = &store;
    it = std::move(*Authenticator::create(keys_, options, Authenticator::WeakSecrets::refuse));
  }

  KeySetSlot& slot(std::size_t number = 0) { return *store.slots().at(number); }
  // The set's fetch ends with this document.
  FetchOutcome serve(const std::string& document, MonoTime now = kMono, std::size_t number = 0) {
    const auto fetch = slot(number).begin_if_due(now);
    EXPECT_TRUE(fetch.has_value());
    if (!fetch) return FetchOutcome::count;
    const auto read = read_document(*fetch, FetchResult(FetchedDocument{document, std::nullopt}));
    return slot(number).on_fetched(read, now, kNow).outcome;
  }

  KeyStore store;
  std::unique_ptr<Authenticator> it;
  int wakes = 0;

 private:
  std::vector<config::KeySettings> keys_;
};

}  // namespace carillon::auth::testing
