// Key sets and OpenID metadata as a hostile server may send them: never a crash, and a set that is accepted
// has keys and equals itself.
#include <cstdint>
#include <string_view>

#include "auth/discovery.h"
#include "auth/jwks.h"
#include "auth/key_set_fetcher.h"
#include "base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto set = auth::parse_jwks(text)) {
    CARILLON_ASSERT(!set->keys.empty() && set->keys.size() <= auth::kJwksKeysMax);
    CARILLON_ASSERT(auth::same_keys(*set, *set));
    CARILLON_ASSERT(auth::missing_ids(*set, *set).empty());
  }
  (void)auth::jwks_uri_in(text, "https://id.example.com");
  (void)auth::max_age_of(text);
  return 0;
}
