#include "auth/authenticator.h"
#include "auth/base64url.h"
#include "auth/hmac.h"
#include "json/reader.h"

namespace carillon::auth {

Result<std::string> mint_hs256(std::string_view secret, std::string_view claims_json) {
  if (secret.empty()) return failure("the secret is empty; set CARILLON_JWT_SECRET");
  const auto claims = json::parse(claims_json);
  if (!claims) return failure("the claims are not JSON: " + claims.error().message());
  if (!claims->is(json::Type::object)) {
    return failure("the claims must be a JSON object, such as {\"sub\":\"alice\"}");
  }
  auto hmac = Hmac::make(Algorithm::hs256, secret);
  if (!hmac) return failure("the secret is refused by this machine's OpenSSL");
  std::string token =
      encode_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + encode_base64url(claims->raw());
  const Mac mac = hmac->compute(token);
  if (mac.size == 0) return failure("OpenSSL could not sign: out of memory");
  return token + "." + encode_base64url(mac.view());
}

}  // namespace carillon::auth
