// SigningKey: a key pair made by a test, as an issuer has it: its JSON Web Key, and tokens that it signs.
//
// Thread: one.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/algorithm.h"
#include "auth/base64url.h"
#include "auth/openssl_handles.h"

namespace carillon::auth::testing {

class SigningKey {
 public:
  static SigningKey rsa(std::string kid, unsigned bits = 2048) {
    return {std::move(kid), "RSA", "", EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits})};
  }
  // "P-256", "P-384" or "P-521"
  static SigningKey ec(std::string kid, const std::string& curve = "P-256") {
    return {std::move(kid), "EC", curve, EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.c_str())};
  }
  static SigningKey ed25519(std::string kid) {
    return {std::move(kid), "OKP", "Ed25519", EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  }

  const std::string& kid() const { return kid_; }

  // The public key. `more` are members to add, such as `"use":"sig"`.
  std::string jwk(std::string_view more = {}) const {
    std::string out = R"({"kty":")" + kty_ + R"(","kid":")" + kid_ + "\"";
    if (!curve_.empty()) out += R"(,"crv":")" + curve_ + "\"";
    if (kty_ == "RSA") {
      out += R"(,"n":")" + number(OSSL_PKEY_PARAM_RSA_N, 0) + R"(","e":")" +
             number(OSSL_PKEY_PARAM_RSA_E, 0) + "\"";
    } else if (kty_ == "EC") {
      out += R"(,"x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, half()) + R"(","y":")" +
             number(OSSL_PKEY_PARAM_EC_PUB_Y, half()) + "\"";
    } else {
      std::array<unsigned char, 32> raw{};
      std::size_t length = raw.size();
      EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &length);
      out += R"(,"x":")" + encode_base64url({reinterpret_cast<const char*>(raw.data()), length}) + "\"";
    }
    if (!more.empty()) out += "," + std::string(more);
    return out + "}";
  }

  // A token whose header names this key.
  std::string token(std::string_view claims, Algorithm algorithm) const {
    return token_with(R"({"alg":")" + std::string(name_of(algorithm)) + R"(","kid":")" + kid_ + "\"}", claims,
                      algorithm);
  }
  std::string token_with(std::string_view header, std::string_view claims, Algorithm algorithm) const {
    const std::string input = encode_base64url(header) + "." + encode_base64url(claims);
    return input + "." + encode_base64url(sign(input, algorithm));
  }

 private:
  SigningKey(std::string kid, std::string kty, std::string curve, EVP_PKEY* key)
      : kid_(std::move(kid)), kty_(std::move(kty)), curve_(std::move(curve)), key_(key) {}

  std::size_t half() const { return curve_ == "P-256" ? 32 : curve_ == "P-384" ? 48 : 66; }

  // `bytes` 0: as many as it needs.
  std::string number(const char* name, std::size_t bytes) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string out(bytes != 0 ? bytes : static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return encode_base64url(out);
  }

  std::string sign(std::string_view input, Algorithm algorithm) const {
    const EVP_MD* digest = nullptr;
    if (digest_bytes_of(algorithm) == 32) digest = EVP_sha256();
    if (digest_bytes_of(algorithm) == 48) digest = EVP_sha384();
    if (digest_bytes_of(algorithm) == 64) digest = EVP_sha512();
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    EVP_DigestSignInit(context.get(), &options, digest, nullptr, key_.get());
    if (family_of(algorithm) == AlgorithmFamily::rsa_pss) {
      EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
    std::size_t length = 0;
    EVP_DigestSign(context.get(), nullptr, &length, bytes, input.size());
    std::string signature(length, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                   input.size());
    signature.resize(length);
    return family_of(algorithm) == AlgorithmFamily::ecdsa ? joined(signature) : signature;
  }

  // DER to r || s (RFC 7518 section 3.4).
  std::string joined(const std::string& der) const {
    const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size()));
    std::string out(2 * half(), '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes, static_cast<int>(half()));
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes + half(), static_cast<int>(half()));
    ECDSA_SIG_free(pair);
    return out;
  }

  std::string kid_;
  std::string kty_;
  std::string curve_;
  KeyHandle key_;
};

inline std::string jwks_of(const std::vector<std::string>& keys) {
  std::string out = R"({"keys":[)";
  for (const std::string& key : keys) out += (out.back() == '[' ? "" : ",") + key;
  return out + "]}";
}

// An RSA key takes a tenth of a second to make, so that tests share these.
inline const SigningKey& rsa_key_a() {
  static const SigningKey key = SigningKey::rsa("rsa-a");
  return key;
}
inline const SigningKey& rsa_key_b() {
  static const SigningKey key = SigningKey::rsa("rsa-b");
  return key;
}

}  // namespace carillon::auth::testing
