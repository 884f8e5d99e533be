// PublicKey: one RSA, RSA-PSS, EC or Ed25519 public key and the check of a JWS signature with it
// (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1).
//
// Thread: one at a time; verifying uses a context kept in the object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/algorithm.h"
#include "auth/openssl_handles.h"
#include "base/result.h"

namespace carillon::auth {

constexpr int kRsaBitsMin = 2048;  // RFC 7518 section 3.3

// A public key that verifies signatures.
class PublicKey {
 public:
  // SubjectPublicKeyInfo ("BEGIN PUBLIC KEY") or PKCS #1 ("BEGIN RSA PUBLIC KEY"), one to a text. A
  // private key is refused, with the command that makes the public one: it has no business here. The
  // error completes a sentence that begins with the setting's name.
  static Result<PublicKey> parse(std::string_view pem);

  // Why this key cannot serve `algorithm`, in words for the configuration's author; nothing: it can.
  std::optional<std::string> misfit(Algorithm algorithm) const;

  // `algorithm` must fit. Never leaves anything in OpenSSL's error queue.
  bool verify(Algorithm algorithm, std::string_view input, std::string_view signature);

 private:
  PublicKey(KeyHandle key, DigestContext context) : key_(std::move(key)), context_(std::move(context)) {}
  bool verify_raw(Algorithm algorithm, std::string_view input, std::string_view signature);
  std::string curve() const;

  KeyHandle key_;
  DigestContext context_;
};

}  // namespace carillon::auth
