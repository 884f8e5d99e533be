// JWKS: the set of public keys that an issuer publishes (RFC 7517 section 5), as parsed from its document.
//
// Thread: any; a KeySet is immutable once parsed.
// Limits: kJwksBytesMax and kJwksKeysMax; a document over a limit is refused as a whole.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/algorithm.h"
#include "auth/public_key.h"
#include "base/result.h"

namespace carillon::auth {

constexpr std::size_t kJwksBytesMax = 256 * 1024;
constexpr std::size_t kJwksKeysMax = 64;
constexpr std::size_t kIgnoredShownMax = 4;  // of a set, reasons that are kept

// One key of a set that can verify signatures.
struct SetKey {
  std::optional<std::string> key_id;
  AlgorithmSet algorithms;  // that fit the key and that its `alg` allows; never empty
  PublicKey key;            // to be cloned for each thread
};

// The keys of one document.
struct KeySet {
  std::vector<SetKey> keys;              // in the order of the document; never empty
  std::size_t ignored = 0;               // keys of the document that cannot verify signatures
  std::vector<std::string> ignored_why;  // of the first of them: `kid "a": is for encryption`
  std::size_t secrets = 0;  // of the ignored ones: private or shared keys, which must not be there
};

// Parses a document. A key is ignored when it is private or shared (`oct`), of an unknown type or curve, too
// weak, not for signatures (`use`, `key_ops`), or for an algorithm that is not supported (`alg`). The
// document is refused when it is not strict JSON, breaks a limit, or has no key that can be used. The error
// completes a sentence that begins with the document's name.
Result<KeySet> parse_jwks(std::string_view document);

// Whether both have the same keys with the same ids and algorithms, in the same order.
bool same_keys(const KeySet& a, const KeySet& b);

// The ids of the keys in `a` that `b` does not have, for a log line: "a, b, …".
std::string missing_ids(const KeySet& a, const KeySet& b);

}  // namespace carillon::auth
