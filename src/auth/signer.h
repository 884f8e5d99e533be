// Signer: a private key or a shared secret with which tokens are signed, for `carillon token`. The gateway
// itself only verifies.
//
// Thread: one at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/algorithm.h"
#include "auth/openssl_handles.h"
#include "base/result.h"
#include "base/secret.h"

namespace carillon::auth {

class Signer {
 public:
  // `key` is the content of a key file: one PEM private key without a passphrase, or the bytes of a secret.
  // Without an algorithm it is the usual one of such a key: HS256, RS256, PS256, EdDSA, or the ES* of its
  // curve. Refuses what no gateway would accept: a secret under 32 bytes, an RSA key under 2,048 bits. The
  // error completes a sentence that begins with the key's name, and says what to write.
  static Result<Signer> make(std::string_view key, std::optional<Algorithm> algorithm);

  Algorithm algorithm() const { return algorithm_; }

  // Returns a token in the compact form. `claims_json` is a JSON object; an empty `key_id` leaves `kid` out.
  // Fails when the claims are no object, and when memory runs out.
  Result<std::string> mint(std::string_view claims_json, std::string_view key_id = {}) const;

 private:
  Signer(Algorithm algorithm, Secret secret, KeyHandle key)
      : algorithm_(algorithm), secret_(std::move(secret)), key_(std::move(key)) {}
  static Result<Signer> with_secret(std::string_view secret, Algorithm algorithm);
  static Result<Signer> with_private_key(std::string_view pem, std::optional<Algorithm> algorithm);
  std::string sign(std::string_view input) const;

  Algorithm algorithm_;
  Secret secret_;  // HS*
  KeyHandle key_;  // all others
};

}  // namespace carillon::auth
