#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/token_fault.h"
#include "base/result.h"

namespace carillon::auth {

// CompactJws: a token split into its parts (RFC 7515 section 7.1), not verified yet.
//
// Thread: one at a time. One object splits one token after another, so that its buffers are allocated once.
struct CompactJws {
  std::string header;  // decoded, not yet known to be JSON
  std::string payload;
  std::string signature;
  std::string_view signing_input;  // a view into the token: header and payload as sent

  // The token must have exactly three parts of canonical base64url; an empty part is canonical.
  bool take_apart(std::string_view token);
};

constexpr std::size_t kKeyIdBytesMax = 256;

// The members of the header that are used; `jku`, `x5u`, `jwk`, `x5c` and all others are ignored.
struct JoseHeader {
  enum class Critical { absent, present };

  std::string algorithm;
  std::optional<std::string> key_id;
  Critical critical = Critical::absent;  // RFC 7515 section 4.1.11: we support no critical extension
};

// `malformed`: not a strict JSON object, a duplicate member, no `alg`, a mistyped `alg` or `kid`, a
// `kid` of over kKeyIdBytesMax.
Result<JoseHeader, TokenFault> parse_header(std::string_view header);

}  // namespace carillon::auth
