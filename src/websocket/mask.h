// Masking of client frames (RFC 6455 section 5.3): byte i of a payload is XORed with byte i mod 4 of
// the key. Masking and unmasking are the same step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace carillon::websocket {

using MaskKey = std::array<std::uint8_t, 4>;

// Masks `bytes` in place, eight or more at a time; `offset` is their position in the payload.
void apply_mask(std::span<char> bytes, MaskKey key, std::uint64_t offset = 0);

// The definition, one byte at a time; apply_mask() is tested against it.
void apply_mask_naive(std::span<char> bytes, MaskKey key, std::uint64_t offset = 0);

// Returns the key rotated to `offset`: apply_mask(b, k, n) == apply_mask(b, rotated(k, n)).
constexpr MaskKey rotated(MaskKey key, std::uint64_t offset) {
  return {key[offset & 3], key[(offset + 1) & 3], key[(offset + 2) & 3], key[(offset + 3) & 3]};
}

}  // namespace carillon::websocket
