// PublicKey: one RSA, RSA-PSS, EC or Ed25519 public key and the check of a JWS signature with it
// (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1).
//
// Thread: one at a time; verifying uses a context kept in the object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/algorithm.h"
#include "auth/key_mark.h"
#include "auth/openssl_handles.h"
#include "base/result.h"

namespace carillon::auth {

constexpr int kRsaBitsMin = 2048;  // RFC 7518 section 3.3

// A public key that verifies signatures.
class PublicKey {
 public:
  // `pem` is one SubjectPublicKeyInfo ("BEGIN PUBLIC KEY") or PKCS #1 key ("BEGIN RSA PUBLIC KEY"). A private
  // key is refused, because it does not belong here; the error has the command that extracts the public key.
  // The error completes a sentence that begins with the setting's name.
  static Result<PublicKey> parse(std::string_view pem);
  // Takes over a public key that OpenSSL holds already. Fails only when memory runs out.
  static Result<PublicKey> of(KeyHandle key);

  // Returns the same key for another thread: both may verify at the same time. Fails only when memory runs
  // out.
  Result<PublicKey> clone() const;
  // Whether both are the same public key.
  bool equals(const PublicKey& other) const;

  // Of the key itself, however it was written.
  KeyMark mark() const;

  // Returns why this key cannot be used with `algorithm`, for the author of the configuration; nothing when
  // it can.
  std::optional<std::string> misfit(Algorithm algorithm) const;

  // `algorithm` must fit the key. Never leaves errors in OpenSSL's error queue.
  bool verify(Algorithm algorithm, std::string_view input, std::string_view signature);

 private:
  PublicKey(KeyHandle key, DigestContext context) : key_(std::move(key)), context_(std::move(context)) {}
  bool verify_raw(Algorithm algorithm, std::string_view input, std::string_view signature);
  std::string curve() const;

  KeyHandle key_;
  DigestContext context_;
};

}  // namespace carillon::auth
