// Option kinds for values that may be stored elsewhere: "text", { env = "NAME" } or { file = "path" }.
//
// The values never appear in a message: an error names the variable or the file, and a wrong type is reported
// without the value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "config/value_kinds.h"

namespace carillon::config {

inline constexpr std::size_t kSecretBytesMax = 64 * 1024;
inline constexpr std::size_t kApiKeysMax = 64;

// A secret as text, from the environment or from a file.
struct SecretKind {
  std::string type() const { return R"(secret: "text", { env = "NAME" } or { file = "path" })"; }
  std::string example() const { return R"({ env = "NAME" })"; }
  std::string show(const Secret& field) const { return field.empty() ? "\"\"" : "\"(secret)\""; }
  bool same(const Secret& a, const Secret& b) const { return equal_in_constant_time(a.reveal(), b.reveal()); }
  void read(const Place& place, Reading& reading, Secret& field) const;
};

// A secret that a client sends in a header: long enough, and fit for one (api_key.h).
struct ApiKeyKind : SecretKind {
  void read(const Place& place, Reading& reading, Secret& field) const;
};

// A list of API keys, each a secret.
struct ApiKeyListKind {
  std::string type() const { return cat({"array of secrets, at most ", std::to_string(kApiKeysMax)}); }
  std::string example() const { return R"([{ env = "NAME" }])"; }
  std::string show(const std::vector<Secret>& field) const { return field.empty() ? "[]" : "[\"(secret)\"]"; }
  bool same(const std::vector<Secret>& a, const std::vector<Secret>& b) const;
  void read(const Place& place, Reading& reading, std::vector<Secret>& field) const;
};

// A public key: PEM text or { file = "path" }. A private key is refused, because it does not belong here.
struct PublicKeyKind {
  std::string type() const { return R"(PEM text or { file = "path" })"; }
  std::string example() const { return R"({ file = "issuer.pem" })"; }
  std::string show(const std::string& field) const { return field.empty() ? "\"\"" : "\"(PEM)\""; }
  bool same(const std::string& a, const std::string& b) const { return a == b; }
  void read(const Place& place, Reading& reading, std::string& field) const;
};

// The URL of the bus, which may contain a password.
struct BusUrlKind {
  std::string type() const { return R"(URL: "text", { env = "NAME" } or { file = "path" })"; }
  std::string example() const { return R"("redis://127.0.0.1:6379")"; }
  std::string show(const std::string& field) const;
  bool same(const std::string& a, const std::string& b) const { return a == b; }
  void read(const Place& place, Reading& reading, std::string& field) const;
};

}  // namespace carillon::config
