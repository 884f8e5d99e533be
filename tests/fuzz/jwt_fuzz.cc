// Any bytes as a token, as a header and payload under a good signature, as an ECDSA signature and as
// an Origin: no crash, and what is admitted must be what it claims to be.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/origin.h"
#include "auth/testing.h"
#include "base/assert.h"
#include "base/utf8.h"

namespace {

using namespace carillon;
using namespace carillon::auth;
using namespace carillon::auth::testing;

struct Fixture {
  std::unique_ptr<Authenticator> keys;
  OriginPolicy origins;

  Fixture() {
    auto strict = hmac_key();
    strict.key_id = "strict";
    strict.issuer = "issuer";
    strict.audience = "audience";
    strict.require_exp = true;
    keys = authenticator(
        {hmac_key(vectors::kSecret, {"HS256", "HS512"}), strict, public_key(vectors::kEs256Pem, {"ES256"}),
         public_key(vectors::kEd25519Pem, {"EdDSA"}), public_key(vectors::kRsaPem, {"RS256", "PS256"})},
        {.cache_entries_max = 64});
    CARILLON_ASSERT(keys);
    auto parsed = OriginPolicy::parse({"https://app.example.com"});
    CARILLON_ASSERT(parsed);
    origins = std::move(*parsed);
  }
};

// The second answer comes from the cache where the first was yes; and no token outlives its `exp`.
bool admitted(Authenticator& keys, std::string_view token) {
  const auto first = keys.verify(token, kNow);
  const auto second = keys.verify(token, kNow);
  CARILLON_ASSERT(first.has_value() == second.has_value());
  if (!first) {
    CARILLON_ASSERT(first.error() == second.error());
    return false;
  }
  CARILLON_ASSERT(is_valid_utf8((*first)->subject()));
  CARILLON_ASSERT((*first)->subject() == (*second)->subject());
  if (const auto end = (*first)->expires_at()) {
    CARILLON_ASSERT(*end > kNow);
    CARILLON_ASSERT(keys.verify(token, *end - milliseconds(1)).has_value());
    CARILLON_ASSERT(!keys.verify(token, *end).has_value());
  }
  return true;
}

void check_origin(const OriginPolicy& origins, std::string_view origin) {
  if (!origins.admits(origin, true)) return;
  std::string lower(origin);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  CARILLON_ASSERT(lower == "https://app.example.com" || lower == "https://app.example.com:443");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  admitted(*fixture.keys, bytes);
  std::string decoded;
  if (decode_base64url(bytes, decoded)) CARILLON_ASSERT(encode_base64url(decoded) == bytes);

  // Before the first line feed the header, after it the payload; a good signature over both.
  const std::size_t line = bytes.find('\n');
  if (line == std::string_view::npos) {
    admitted(*fixture.keys, with_claims(bytes));
  } else {
    admitted(*fixture.keys, sign(bytes.substr(0, line), bytes.substr(line + 1)));
  }

  for (const std::string_view header : {R"({"alg":"ES256"})", R"({"alg":"EdDSA"})"}) {
    const std::string forged = encode_base64url(header) + ".e30." + encode_base64url(bytes);
    CARILLON_ASSERT(!admitted(*fixture.keys, forged));
  }
  check_origin(fixture.origins, bytes);
  return 0;
}
