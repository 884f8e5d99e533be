#include "auth/signature_parameters.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>

namespace carillon::auth {
namespace {

constexpr std::array<CurveParameters, 3> kCurves = {{
    {Algorithm::es256, "prime256v1", "P-256", 32},
    {Algorithm::es384, "secp384r1", "P-384", 48},
    {Algorithm::es512, "secp521r1", "P-521", 66},
}};

}  // namespace

std::optional<CurveParameters> curve_of(Algorithm algorithm) {
  for (const CurveParameters& curve : kCurves) {
    if (curve.algorithm == algorithm) return curve;
  }
  return std::nullopt;
}

std::optional<Algorithm> algorithm_of_curve(std::string_view openssl_name) {
  for (const CurveParameters& curve : kCurves) {
    if (curve.openssl_name == openssl_name) return curve.algorithm;
  }
  return std::nullopt;
}

const evp_md_st* digest_of(Algorithm algorithm) {
  switch (digest_bytes_of(algorithm)) {
    case 32:
      return EVP_sha256();
    case 48:
      return EVP_sha384();
    case 64:
      return EVP_sha512();
    default:
      return nullptr;  // EdDSA takes none
  }
}

bool set_pss(evp_pkey_ctx_st* context, const evp_md_st* digest) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace carillon::auth
