#include "base/sip_hash.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <random>

namespace carillon {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  explicit State(const SipKey& key)
      : v0(key.first ^ 0x736f6d6570736575),
        v1(key.second ^ 0x646f72616e646f6d),
        v2(key.first ^ 0x6c7967656e657261),
        v3(key.second ^ 0x7465646279746573) {}

  void round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
};

// Little-endian, as the specification has it.
std::uint64_t word_at(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  if (count == 0) return word;  // the bytes of an empty text may be null, which memcpy may not be given
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes, count);
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
  }
  return word;
}

template <int kRoundsAWord, int kRoundsAtEnd>
std::uint64_t sip_hash(const SipKey& key, std::string_view text) {
  State state(key);
  const auto take = [&state](std::uint64_t word) {
    state.v3 ^= word;
    for (int i = 0; i < kRoundsAWord; ++i) state.round();
    state.v0 ^= word;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) take(word_at(text.data() + at, 8));
  take(std::uint64_t{text.size() & 0xff} << 56 | word_at(text.data() + at, text.size() - at));
  state.v2 ^= 0xff;
  for (int i = 0; i < kRoundsAtEnd; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace

SipKey random_sip_key() {
  std::random_device random;
  const auto word = [&random] { return std::uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

std::uint64_t sip_hash_1_3(const SipKey& key, std::string_view text) { return sip_hash<1, 3>(key, text); }
std::uint64_t sip_hash_2_4(const SipKey& key, std::string_view text) { return sip_hash<2, 4>(key, text); }

}  // namespace carillon
