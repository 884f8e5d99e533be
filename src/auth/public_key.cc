#include "auth/public_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "auth/signature_parameters.h"

namespace carillon::auth {
namespace {

const unsigned char* bytes_of(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

// Without this OpenSSL would ask for the pass phrase of an encrypted PEM on the terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

// What is wrong with the text, before OpenSSL sees it; nothing: try it.
std::optional<std::string> misuse(std::string_view pem) {
  const std::size_t begin = pem.find("-----BEGIN ");
  if (begin == std::string_view::npos) {
    return "is not PEM: it has no line \"-----BEGIN PUBLIC KEY-----\"";
  }
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return "holds a private key, which only the issuer may have; make the public one with "
           "\"openssl pkey -in private.pem -pubout\" and give that";
  }
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    return "holds a certificate; take the key out with "
           "\"openssl x509 -in certificate.pem -pubkey -noout\" and give that";
  }
  if (pem.find("-----BEGIN ", begin + 1) != std::string_view::npos) {
    return "holds more than one PEM block; give each key a [keys.<name>] of its own";
  }
  return std::nullopt;
}

// r || s of fixed length to the DER that EVP wants; empty when the length is not the curve's. Numbers
// out of range are left to the verification, which refuses them.
std::string der_of(Algorithm algorithm, std::string_view signature) {
  const auto curve = curve_of(algorithm);
  if (!curve || signature.size() != 2 * curve->half_bytes) return {};
  const std::size_t half = curve->half_bytes;
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), &ECDSA_SIG_free);
  const int length = static_cast<int>(half);
  BIGNUM* r = BN_bin2bn(bytes_of(signature), length, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + half, length, nullptr);
  if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::array<unsigned char, 160> der{};  // P-521: 3 + 2 * (2 + 67) at most
  if (i2d_ECDSA_SIG(pair.get(), nullptr) > static_cast<int>(der.size())) return {};
  unsigned char* end = der.data();
  const int written = i2d_ECDSA_SIG(pair.get(), &end);
  if (written <= 0) return {};
  return {reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(written)};
}

std::string needs(Algorithm algorithm, std::string_view what) {
  return std::string(name_of(algorithm)) + " needs " + std::string(what);
}

std::optional<std::string> rsa_misfit(const EVP_PKEY* key, Algorithm algorithm) {
  const bool pss_only = EVP_PKEY_is_a(key, "RSA-PSS") == 1;
  if (EVP_PKEY_is_a(key, "RSA") != 1 && !pss_only) return needs(algorithm, "an RSA key");
  if (pss_only && family_of(algorithm) == AlgorithmFamily::rsa_pkcs1) {
    return needs(algorithm, "a plain RSA key; this one is for PS256, PS384 and PS512 only");
  }
  const int bits = EVP_PKEY_get_bits(key);
  if (bits >= kRsaBitsMin) return std::nullopt;
  return "the RSA key has " + std::to_string(bits) + " bits; it needs at least " +
         std::to_string(kRsaBitsMin);
}

}  // namespace

Result<PublicKey> PublicKey::parse(std::string_view pem) {
  const ErrorQueueGuard guard;
  if (auto problem = misuse(pem)) return failure(std::move(*problem));
  if (pem.size() > 64 * 1024) return failure("is longer than any key: over 64 KiB");
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  KeyHandle key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, &no_pass_phrase, nullptr) : nullptr);
  DigestContext context(EVP_MD_CTX_new());
  if (!key || !context) {
    return failure(
        "does not parse as a PEM public key; see whether "
        "\"openssl pkey -pubin -in public.pem -noout\" takes it");
  }
  return PublicKey(std::move(key), std::move(context));
}

Result<PublicKey> PublicKey::of(KeyHandle key) {
  DigestContext context(EVP_MD_CTX_new());
  if (!key || !context) return failure("needs more memory than there is");
  return PublicKey(std::move(key), std::move(context));
}

Result<PublicKey> PublicKey::clone() const {
  if (EVP_PKEY_up_ref(key_.get()) != 1) return failure("needs more memory than there is");
  return of(KeyHandle(key_.get()));
}

bool PublicKey::equals(const PublicKey& other) const {
  const ErrorQueueGuard guard;
  return EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
}

KeyMark PublicKey::mark() const {
  const ErrorQueueGuard guard;
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  if (size <= 0) return 0;
  const KeyMark mark = mark_of({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return mark;
}

std::string PublicKey::curve() const {
  std::array<char, 64> name{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key_.get(), name.data(), name.size(), &length) != 1) return "unknown";
  return {name.data(), length};
}

std::optional<std::string> PublicKey::misfit(Algorithm algorithm) const {
  const ErrorQueueGuard guard;
  switch (family_of(algorithm)) {
    case AlgorithmFamily::hmac:
      return needs(algorithm, "`secret`, not `public_key`");
    case AlgorithmFamily::rsa_pkcs1:
    case AlgorithmFamily::rsa_pss:
      return rsa_misfit(key_.get(), algorithm);
    case AlgorithmFamily::eddsa:
      if (EVP_PKEY_is_a(key_.get(), "ED25519") == 1) return std::nullopt;
      return needs(algorithm, "an Ed25519 key");
    case AlgorithmFamily::ecdsa:
      break;
  }
  if (EVP_PKEY_is_a(key_.get(), "EC") != 1) return needs(algorithm, "an EC key");
  const std::string has = curve();
  const auto wanted = curve_of(algorithm);
  if (!wanted || wanted->openssl_name == has) return std::nullopt;
  return needs(algorithm, "the curve ") + std::string(wanted->name) + "; this key is on " + has;
}

bool PublicKey::verify(Algorithm algorithm, std::string_view input, std::string_view signature) {
  const ErrorQueueGuard guard;
  if (family_of(algorithm) != AlgorithmFamily::ecdsa) return verify_raw(algorithm, input, signature);
  const std::string der = der_of(algorithm, signature);
  return !der.empty() && verify_raw(algorithm, input, der);
}

bool PublicKey::verify_raw(Algorithm algorithm, std::string_view input, std::string_view signature) {
  EVP_PKEY_CTX* key_context = nullptr;  // belongs to context_
  const EVP_MD* digest = digest_of(algorithm);
  if (EVP_MD_CTX_reset(context_.get()) != 1 ||
      EVP_DigestVerifyInit(context_.get(), &key_context, digest, nullptr, key_.get()) != 1) {
    return false;
  }
  if (family_of(algorithm) == AlgorithmFamily::rsa_pss && !set_pss(key_context, digest)) return false;
  return EVP_DigestVerify(context_.get(), bytes_of(signature), signature.size(), bytes_of(input),
                          input.size()) == 1;
}

}  // namespace carillon::auth
