#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/claims.h"
#include "auth/identity.h"
#include "auth/key_mark.h"
#include "auth/key_store.h"
#include "auth/token_fault.h"
#include "base/result.h"
#include "config/settings.h"

namespace carillon::auth {

// Counters of one Authenticator.
struct AuthenticatorCounters {
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
};

// Authenticator: verifies a JWT and returns its Identity, or why it is refused (RFC 7519, RFC 7515, RFC
// 8725).
//
// Thread: one; each shard has its own, with its own cache of verified tokens. Pure: the caller passes in the
// time. The checks, in order: size → three strict base64url parts → header strict JSON without duplicate
// members → `alg` on a key's allow-list (before any cryptography) → `crit` → signature → claims.
// `jku`, `x5u`, `jwk`, `x5c` are ignored; `kid` only chooses among the configured keys and the keys of their
// sets. The `iss` of a token that is not verified yet is only compared with the issuers of key sets, so that
// a token of another issuer causes no fetch.
class Authenticator {
 public:
  struct Options {
    std::uint32_t token_bytes_max = 8 * 1024;
    std::uint32_t cache_entries_max = 16384;  // verified tokens remembered, by SHA-256, until `exp`
    std::string channels_claim = {};          // empty: a token permits every channel
    std::string selection_claim = {};         // empty: a token selects no channels
    std::size_t selection_max = 128;          // channels in that claim
    bool require_exp = false;                 // of every key
    GrantRules grants = {};
    const KeyStore* key_store = nullptr;  // with the slots of the keys' sets; null: they have no keys
  };

  // Refuses unusable keys (a PEM that does not parse, an algorithm that does not fit the key, an HMAC
  // secret under 32 bytes unless `weak_secrets` allows it), with a message for the configuration's author.
  enum class WeakSecrets { refuse, allow };
  static Result<std::unique_ptr<Authenticator>> create(const std::vector<config::KeySettings>& keys,
                                                       const Options& options, WeakSecrets weak_secrets);
  virtual ~Authenticator() = default;

  virtual Result<Ref<const Identity>, TokenFault> verify(std::string_view token, WallTime now) = 0;

  // What the token that verify() refused last contains, or lacks, that explains the fault, for the log:
  // `kid "a"`, `claim "rooms"`.
  // Control characters are escaped, and long texts cut. Empty when the fault says enough.
  virtual std::string shown() const { return {}; }
  // Asks for the key sets that may have the key of that token. Returns how long a client may wait for them
  // before verify() is called again; nothing when no fetch is under way or allowed now.
  virtual std::optional<milliseconds> ask_for_keys(MonoTime) { return std::nullopt; }

  virtual const AuthenticatorCounters& counters() const = 0;

  // Whether the key that verified a token is still one of its keys (Identity::key()).
  virtual bool trusts(KeyMark key) const = 0;
};

// Makes an authenticator that admits clients with one of these keys. It compares with all of them, so that
// the time does not reveal which one was close. The identity has no subject and does not expire.
std::unique_ptr<Authenticator> make_api_key_authenticator(std::vector<Secret> keys);

// Mints an HS256 token, for `carillon token` and `carillon dev`. `claims_json` is a JSON object.
Result<std::string> mint_hs256(std::string_view secret, std::string_view claims_json);

}  // namespace carillon::auth
