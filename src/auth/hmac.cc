#include "auth/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"

namespace carillon::auth {
namespace {

const unsigned char* bytes_of(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

std::string_view digest_name(Algorithm algorithm) {
  const std::size_t bytes = digest_bytes_of(algorithm);
  return bytes == 32 ? "SHA256" : bytes == 48 ? "SHA384" : "SHA512";
}

}  // namespace

std::string_view Mac::view() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }

std::optional<Hmac> Hmac::make(Algorithm algorithm, std::string_view secret) {
  const ErrorQueueGuard guard;
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (mac == nullptr) return std::nullopt;
  MacContext context(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);  // the context holds a reference of its own
  if (!context) return std::nullopt;
  std::string digest(digest_name(algorithm));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context.get(), bytes_of(secret), secret.size(), params) != 1) return std::nullopt;
  return Hmac(std::move(context));
}

Mac Hmac::compute(std::string_view input) {
  const ErrorQueueGuard guard;
  Mac mac;
  // No key means the one it was made with, already scheduled.
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), bytes_of(input), input.size()) != 1 ||
      EVP_MAC_final(context_.get(), mac.bytes.data(), &mac.size, mac.bytes.size()) != 1) {
    mac.size = 0;
  }
  return mac;
}

bool Hmac::verify(std::string_view input, std::string_view signature) {
  const Mac mac = compute(input);
  return mac.size != 0 && equal_in_constant_time(mac.view(), signature);
}

}  // namespace carillon::auth
