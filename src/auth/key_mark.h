#pragma once

#include <cstdint>
#include <string_view>

namespace carillon::auth {

// KeyMark: stands for the key that verified a token, in the identity that came of it, so that a reload can
// tell whose key is gone. Two keys have the same mark once in four billion pairs.
using KeyMark = std::uint32_t;

// The first bytes of the SHA-256 of a secret, or of a public key's text or DER.
KeyMark mark_of(std::string_view key);

}  // namespace carillon::auth
