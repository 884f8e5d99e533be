// A version 4 UUID (RFC 9562 section 5.4): 122 random bits, as "f81d4fae-7dec-4a1e-8bdd-00a0c91e6bf6".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace carillon::api {

// Fills the bytes with cryptographic randomness; returns false on failure. Called from any thread.
using RandomBytes = std::function<bool(std::span<std::uint8_t>)>;

// Returns nothing when no randomness is available.
std::optional<std::string> make_uuid(const RandomBytes& random);

}  // namespace carillon::api
