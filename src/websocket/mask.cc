#include "websocket/mask.h"

#include <cstring>

namespace carillon::websocket {

void apply_mask(std::span<char> bytes, MaskKey key, std::uint64_t offset) {
  const MaskKey turned = rotated(key, offset);
  std::uint32_t half;
  std::memcpy(&half, turned.data(), sizeof half);
  const std::uint64_t word = (std::uint64_t{half} << 32) | half;  // the same four bytes twice, on any machine

  char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t words[4];
  for (; left >= sizeof words; at += sizeof words, left -= sizeof words) {
    std::memcpy(words, at, sizeof words);
    for (std::uint64_t& each : words) each ^= word;
    std::memcpy(at, words, sizeof words);
  }
  for (; left >= sizeof word; at += sizeof word, left -= sizeof word) {
    std::memcpy(words, at, sizeof word);
    words[0] ^= word;
    std::memcpy(at, words, sizeof word);
  }
  apply_mask_naive({at, left}, turned, 0);  // whole words were done, so the key stands as it did
}

void apply_mask_naive(std::span<char> bytes, MaskKey key, std::uint64_t offset) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(bytes[i]) ^ key[(offset + i) & 3]);
  }
}

}  // namespace carillon::websocket
