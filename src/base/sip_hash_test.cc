#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace carillon {
namespace {

constexpr SipKey kPapersKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string first_bytes(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>(i);
  return text;
}

TEST(SipHash, ThePapersVectorOfFifteenBytes) {
  EXPECT_EQ(sip_hash_2_4(kPapersKey, first_bytes(15)), 0xa129ca6149be45e5);
}

// The first of the list that the authors published with their code.
TEST(SipHash, TheAuthorsVectorsOfNothingAndOfOneByte) {
  EXPECT_EQ(sip_hash_2_4(kPapersKey, ""), 0x726fdb47dd0e0e31);
  EXPECT_EQ(sip_hash_2_4(kPapersKey, first_bytes(1)), 0x74f839c593dc67fd);
}

// With fewer rounds, as the tables use it: the first two that the Rust project tests its own with.
TEST(SipHash, TheVectorsOfOneAndThreeRounds) {
  EXPECT_EQ(sip_hash_1_3(kPapersKey, ""), 0xabac0158050fc4dc);
  EXPECT_EQ(sip_hash_1_3(kPapersKey, first_bytes(1)), 0xc9f49bf37d57ca93);
}

TEST(SipHash, EveryByteEveryLengthAndTheKeyMakeADifference) {
  std::set<std::uint64_t> seen;
  for (std::size_t length = 0; length <= 64; ++length) {
    std::string text(length, 'x');
    EXPECT_TRUE(seen.insert(sip_hash_1_3(kPapersKey, text)).second) << length;
    EXPECT_TRUE(seen.insert(sip_hash_1_3({1, 2}, text)).second) << length;
    for (char& each : text) {
      each = 'y';
      EXPECT_TRUE(seen.insert(sip_hash_1_3(kPapersKey, text)).second) << length;
    }
  }
}

TEST(SipHash, TwoKeysOfTheSystemAreNotTheSame) {
  const SipKey one = random_sip_key();
  const SipKey other = random_sip_key();
  EXPECT_NE(one.first, other.first);
  EXPECT_NE(one.second, other.second);
}

}  // namespace
}  // namespace carillon
