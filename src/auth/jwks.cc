#include "auth/jwks.h"

#include <algorithm>
#include <array>

#include "auth/base64url.h"
#include "auth/compact_jws.h"
#include "auth/jwk_key.h"
#include "config/text.h"
#include "json/reader.h"

namespace carillon::auth {
namespace {

constexpr unsigned kDepthMax = 16;
constexpr std::size_t kMembersMax = 4096;  // of the document, including those of each key
constexpr std::size_t kIdsShownMax = 8;

// Why a key of the document is not used.
struct Ignored {
  enum class Kind { unfit, secret };
  Kind kind = Kind::unfit;
  std::string why;
};
template <class T>
using Read = Result<T, Ignored>;

tl::unexpected<Ignored> unfit(std::string why) {
  return tl::unexpected<Ignored>(Ignored{Ignored::Kind::unfit, std::move(why)});
}

Read<std::optional<std::string>> optional_text(const json::Value& jwk, std::string_view name) {
  const auto value = jwk.find(name);
  if (!value) return std::nullopt;
  auto text = value->string();
  if (!text) return unfit("has a " + std::string(name) + " that is not a string");
  return std::optional<std::string>(std::move(*text));
}

Read<std::string> text(const json::Value& jwk, std::string_view name) {
  auto found = optional_text(jwk, name);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return unfit("has no " + std::string(name));
  return std::move(**found);
}

Read<std::string> bytes(const json::Value& jwk, std::string_view name) {
  const auto encoded = text(jwk, name);
  if (!encoded) return tl::unexpected(encoded.error());
  std::string decoded;
  if (!decode_base64url(*encoded, decoded))
    return unfit("has a " + std::string(name) + " that is not base64url");
  return decoded;
}

// RFC 7517 sections 4.2 and 4.3: what the issuer says that the key is for.
std::optional<Ignored> misuse(const json::Value& jwk) {
  const auto use = optional_text(jwk, "use");
  if (!use) return use.error();
  if (*use && **use != "sig") return Ignored{Ignored::Kind::unfit, "is not for signatures (use)"};
  const auto operations = jwk.find("key_ops");
  if (!operations) return std::nullopt;
  for (const json::Value& each : operations->elements()) {
    if (each.equals("verify")) return std::nullopt;
  }
  return Ignored{Ignored::Kind::unfit, "is not for verification (key_ops)"};
}

Read<KeyHandle> make_handle(const json::Value& jwk, std::string_view type) {
  const auto made = [](Result<KeyHandle> key) -> Read<KeyHandle> {
    if (!key) return unfit(std::move(key.error().message));
    return std::move(*key);
  };
  if (type == "RSA") {
    const auto n = bytes(jwk, "n");
    if (!n) return tl::unexpected(n.error());
    const auto e = bytes(jwk, "e");
    if (!e) return tl::unexpected(e.error());
    return made(make_rsa_key(*n, *e));
  }
  if (type != "EC" && type != "OKP") return unfit("has the unknown kty " + config::quoted(type));
  const auto curve = text(jwk, "crv");
  if (!curve) return tl::unexpected(curve.error());
  const auto x = bytes(jwk, "x");
  if (!x) return tl::unexpected(x.error());
  if (type == "OKP") return made(make_okp_key(*curve, *x));
  const auto y = bytes(jwk, "y");
  if (!y) return tl::unexpected(y.error());
  return made(make_ec_key(*curve, *x, *y));
}

// The algorithms that fit the key, or the one of them that its `alg` names.
Read<AlgorithmSet> algorithms_for(const json::Value& jwk, const PublicKey& key) {
  const auto named = optional_text(jwk, "alg");
  if (!named) return tl::unexpected(named.error());
  AlgorithmSet set;
  for (const std::string& name : algorithm_names()) {
    if (*named && **named != name) continue;
    const auto algorithm = algorithm_named(name);
    if (algorithm && family_of(*algorithm) != AlgorithmFamily::hmac && !key.misfit(*algorithm)) {
      set.add(*algorithm);
    }
  }
  if (!set.empty()) return set;
  if (*named)
    return unfit("has the alg " + config::quoted(**named) + ", which is not supported or does not fit");
  return unfit("fits no supported algorithm");
}

Read<SetKey> read_key(const json::Value& jwk) {
  if (!jwk.is(json::Type::object)) return unfit("is not an object");
  const auto type = text(jwk, "kty");
  if (!type) return tl::unexpected(type.error());
  if (*type == "oct" || jwk.find("k")) {
    return tl::unexpected(Ignored{Ignored::Kind::secret, "is a shared secret, which must not be published"});
  }
  if (jwk.find("d")) {
    return tl::unexpected(Ignored{Ignored::Kind::secret, "is a private key, which must not be published"});
  }
  if (auto misused = misuse(jwk)) return tl::unexpected(std::move(*misused));
  auto key_id = optional_text(jwk, "kid");
  if (!key_id) return tl::unexpected(key_id.error());
  if (*key_id && (*key_id)->size() > kKeyIdBytesMax) return unfit("has a kid that is too long");
  auto handle = make_handle(jwk, *type);
  if (!handle) return tl::unexpected(handle.error());
  auto key = PublicKey::of(std::move(*handle));
  if (!key) return unfit(std::move(key.error().message));
  const auto algorithms = algorithms_for(jwk, *key);
  if (!algorithms) return tl::unexpected(algorithms.error());
  return SetKey{std::move(*key_id), *algorithms, std::move(*key)};
}

void note_ignored(const json::Value& jwk, const Ignored& ignored, KeySet& set) {
  ++set.ignored;
  if (ignored.kind == Ignored::Kind::secret) ++set.secrets;
  if (set.ignored_why.size() >= kIgnoredShownMax) return;
  const auto key_id = optional_text(jwk, "kid");
  const std::string name = key_id && *key_id ? "kid " + config::quoted(**key_id) : "a key without kid";
  set.ignored_why.push_back(name + " " + ignored.why);
}

std::string id_of(const SetKey& key) { return key.key_id ? config::printable(*key.key_id) : "(no kid)"; }

bool same_key(const SetKey& a, const SetKey& b) {
  return a.key_id == b.key_id && a.algorithms.list() == b.algorithms.list() && a.key.equals(b.key);
}

}  // namespace

Result<KeySet> parse_jwks(std::string_view document) {
  if (document.size() > kJwksBytesMax) {
    return failure("is " + std::to_string(document.size()) + " bytes long; at most " +
                   std::to_string(kJwksBytesMax) + " are read");
  }
  const auto object = json::parse(document, {.duplicates = json::Duplicates::refuse,
                                             .depth_max = kDepthMax,
                                             .bytes_max = kJwksBytesMax,
                                             .members_max = kMembersMax});
  if (!object) return failure("is not a JSON Web Key Set: " + object.error().message());
  const auto list = object->find("keys");
  if (!list || !list->is(json::Type::array)) {
    return failure("is not a JSON Web Key Set: it has no array \"keys\"");
  }
  KeySet set;
  std::size_t count = 0;
  for (const json::Value& jwk : list->elements()) {
    if (++count > kJwksKeysMax) {
      return failure("has more than " + std::to_string(kJwksKeysMax) + " keys");
    }
    if (auto key = read_key(jwk)) {
      set.keys.push_back(std::move(*key));
    } else {
      note_ignored(jwk, key.error(), set);
    }
  }
  if (!set.keys.empty()) return set;
  std::string why = "has no key that can verify a signature";
  if (!set.ignored_why.empty()) why += ": " + set.ignored_why.front();
  return failure(std::move(why));
}

bool same_keys(const KeySet& a, const KeySet& b) {
  return std::equal(a.keys.begin(), a.keys.end(), b.keys.begin(), b.keys.end(), same_key);
}

std::string missing_ids(const KeySet& a, const KeySet& b) {
  std::string ids;
  std::size_t count = 0;
  for (const SetKey& key : a.keys) {
    const auto same = [&](const SetKey& other) { return same_key(key, other); };
    if (std::any_of(b.keys.begin(), b.keys.end(), same)) continue;
    if (++count > kIdsShownMax) return ids + ", …";
    ids += (ids.empty() ? "" : ", ") + id_of(key);
  }
  return ids;
}

}  // namespace carillon::auth
