#include "auth/signer.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "auth/base64url.h"
#include "auth/hmac.h"
#include "auth/key.h"
#include "auth/public_key.h"
#include "auth/signature_parameters.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::auth {
namespace {

constexpr std::size_t kKeyBytesMax = 64 * 1024;

const unsigned char* bytes_of(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

bool is_pem(std::string_view key) { return key.find("-----BEGIN ") != std::string_view::npos; }

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Without this OpenSSL would ask for the passphrase of an encrypted PEM on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

// What is wrong with the text, before OpenSSL sees it; nothing: try it.
std::optional<std::string> misuse(std::string_view pem) {
  if (has(pem, "ENCRYPTED")) {
    return "is encrypted; write a copy without a passphrase: \"openssl pkey -in encrypted.pem -out "
           "plain.pem\"";
  }
  if (has(pem, "PRIVATE KEY-----")) return std::nullopt;
  if (has(pem, "PUBLIC KEY-----")) {
    return "holds a public key, which can only verify; give the issuer's private key, whose file has the "
           "line "
           "\"-----BEGIN PRIVATE KEY-----\"";
  }
  return "has no line \"-----BEGIN PRIVATE KEY-----\"; give the private key, such as one of "
         "\"openssl genpkey -algorithm ed25519 -out private.pem\"";
}

std::optional<Algorithm> usual_algorithm(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return Algorithm::rs256;
  if (EVP_PKEY_is_a(key, "RSA-PSS") == 1) return Algorithm::ps256;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return Algorithm::eddsa;
  if (EVP_PKEY_is_a(key, "EC") != 1) return std::nullopt;
  std::array<char, 64> curve{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &length) != 1) return std::nullopt;
  return algorithm_of_curve({curve.data(), length});
}

// The DER that EVP makes to r || s of fixed length (RFC 7518 section 3.4); empty: no memory.
std::string joined(const std::string& der, std::size_t half) {
  const auto* begin = bytes_of(der);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())), &ECDSA_SIG_free);
  if (!pair) return {};
  std::string out(2 * half, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  const int length = static_cast<int>(half);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes, length) != length ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes + half, length) != length) {
    return {};
  }
  return out;
}

std::string sign_with(EVP_PKEY* key, Algorithm algorithm, std::string_view input) {
  const ErrorQueueGuard guard;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // belongs to the context
  const EVP_MD* digest = digest_of(algorithm);
  if (!context || EVP_DigestSignInit(context.get(), &options, digest, nullptr, key) != 1) return {};
  if (family_of(algorithm) == AlgorithmFamily::rsa_pss && !set_pss(options, digest)) return {};
  std::size_t length = 0;
  if (EVP_DigestSign(context.get(), nullptr, &length, bytes_of(input), input.size()) != 1) return {};
  std::string signature(length, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), out, &length, bytes_of(input), input.size()) != 1) return {};
  signature.resize(length);
  const auto curve = curve_of(algorithm);
  return curve ? joined(signature, curve->half_bytes) : signature;
}

}  // namespace

Result<Signer> Signer::make(std::string_view key, std::optional<Algorithm> algorithm) {
  if (key.empty()) return failure("is empty");
  if (key.size() > kKeyBytesMax) return failure("is longer than any key: over 64 KiB");
  const bool wants_secret = algorithm && family_of(*algorithm) == AlgorithmFamily::hmac;
  if (is_pem(key)) {
    if (!wants_secret) return with_private_key(key, algorithm);
    return failure("holds a PEM key, which is not a shared secret; " + std::string(name_of(*algorithm)) +
                   " needs a file with a secret, such as one of \"openssl rand -base64 48\"");
  }
  if (!algorithm || wants_secret) return with_secret(key, algorithm.value_or(Algorithm::hs256));
  return failure("is not PEM: it has no line \"-----BEGIN PRIVATE KEY-----\", and " +
                 std::string(name_of(*algorithm)) + " needs a private key");
}

Result<Signer> Signer::with_secret(std::string_view secret, Algorithm algorithm) {
  if (secret.size() < kSecretBytesMin) {
    return failure("has " + std::to_string(secret.size()) +
                   " bytes, which can be guessed; a gateway needs at least " +
                   std::to_string(kSecretBytesMin) + ": make one with \"openssl rand -base64 48\"");
  }
  return Signer(algorithm, Secret(std::string(secret)), nullptr);
}

Result<Signer> Signer::with_private_key(std::string_view pem, std::optional<Algorithm> algorithm) {
  const ErrorQueueGuard guard;
  if (auto problem = misuse(pem)) return failure(std::move(*problem));
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  KeyHandle key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr) : nullptr);
  if (!key) {
    return failure(
        "does not parse as a PEM private key; see whether \"openssl pkey -in private.pem -noout\" takes it");
  }
  const auto chosen = algorithm ? algorithm : usual_algorithm(key.get());
  if (!chosen) {
    return failure(
        "is of a kind with which no token can be signed; make one with "
        "\"openssl genpkey -algorithm ed25519 -out private.pem\"");
  }
  if (EVP_PKEY_up_ref(key.get()) != 1) return failure("needs more memory than there is");
  auto checked = PublicKey::of(KeyHandle(key.get()));
  if (!checked) return tl::unexpected(checked.error());
  if (auto misfit = checked->misfit(*chosen)) return failure("does not fit: " + std::move(*misfit));
  return Signer(*chosen, {}, std::move(key));
}

std::string Signer::sign(std::string_view input) const {
  if (key_) return sign_with(key_.get(), algorithm_, input);
  auto hmac = Hmac::make(algorithm_, secret_.reveal());
  return hmac ? std::string(hmac->compute(input).view()) : std::string();
}

Result<std::string> Signer::mint(std::string_view claims_json, std::string_view key_id) const {
  const auto claims = json::parse(claims_json);
  if (!claims) return failure("the claims are not JSON: " + claims.error().message());
  if (!claims->is(json::Type::object)) {
    return failure("the claims must be a JSON object, such as {\"sub\":\"alice\"}");
  }
  std::string header;
  {
    json::ObjectWriter writer(header);
    writer.member("alg", name_of(algorithm_)).member("typ", "JWT");
    if (!key_id.empty()) writer.member("kid", key_id);
  }
  std::string token = encode_base64url(header) + "." + encode_base64url(claims->raw());
  const std::string signature = sign(token);
  if (signature.empty()) return failure("OpenSSL could not sign with this key");
  return token + "." + encode_base64url(signature);
}

}  // namespace carillon::auth
