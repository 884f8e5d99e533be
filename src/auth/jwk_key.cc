#include "auth/jwk_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "auth/public_key.h"
#include "config/text.h"

namespace carillon::auth {
namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using Parameters = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

struct CurveRow {
  std::string_view name;
  const char* openssl_name;
  std::size_t coordinate_bytes;
};
constexpr std::array<CurveRow, 3> kCurves = {{
    {"P-256", "prime256v1", 32},
    {"P-384", "secp384r1", 48},
    {"P-521", "secp521r1", 66},
}};

const unsigned char* bytes_of(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

Number number_of(std::string_view bytes) {
  return {BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr), &BN_free};
}

// Null when OpenSSL refuses the parameters.
KeyHandle make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder), &OSSL_PARAM_free);
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return KeyHandle(key);
}

std::optional<std::string> rsa_fault(const BIGNUM* n, const BIGNUM* e) {
  const int bits = BN_num_bits(n);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return "has " + std::to_string(bits) + " bits; " + std::to_string(kRsaBitsMin) + " to " +
           std::to_string(kRsaBitsMax) + " are allowed";
  }
  if (BN_is_odd(n) != 1) return "has an even modulus";
  if (BN_is_odd(e) != 1 || BN_num_bits(e) < 2 || BN_num_bits(e) > kRsaExponentBitsMax) {
    return "has an exponent that is even, 1, or longer than " + std::to_string(kRsaExponentBitsMax) + " bits";
  }
  return std::nullopt;
}

}  // namespace

Result<KeyHandle> make_rsa_key(std::string_view modulus, std::string_view exponent) {
  const ErrorQueueGuard guard;
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  const Builder builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  if (!n || !e || !builder) return failure("needs more memory than there is");
  if (auto fault = rsa_fault(n.get(), e.get())) return failure(std::move(*fault));
  KeyHandle key;
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1) {
    key = make_key("RSA", builder.get());
  }
  if (!key) return failure("is refused by OpenSSL");
  return key;
}

Result<KeyHandle> make_ec_key(std::string_view curve, std::string_view x, std::string_view y) {
  const ErrorQueueGuard guard;
  const CurveRow* row = nullptr;
  for (const CurveRow& each : kCurves) {
    if (each.name == curve) row = &each;
  }
  if (!row)
    return failure("is on the curve " + config::quoted(curve) + ", which no supported algorithm uses");
  if (x.size() != row->coordinate_bytes || y.size() != row->coordinate_bytes) {
    return failure("has coordinates that are not " + std::to_string(row->coordinate_bytes) + " bytes long");
  }
  std::string point("\x04");  // uncompressed (SEC 1 section 2.3.3)
  point.append(x).append(y);
  const Builder builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  KeyHandle key;
  if (builder &&
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, row->openssl_name, 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) ==
          1) {
    key = make_key("EC", builder.get());
  }
  if (!key) return failure("is not a point on its curve");
  return key;
}

Result<KeyHandle> make_okp_key(std::string_view curve, std::string_view x) {
  const ErrorQueueGuard guard;
  if (curve != "Ed25519") {
    return failure("is on the curve " + config::quoted(curve) + ", which no supported algorithm uses");
  }
  if (x.size() != 32) return failure("has an x that is not 32 bytes long");
  KeyHandle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
  if (!key) return failure("is refused by OpenSSL");
  return key;
}

}  // namespace carillon::auth
