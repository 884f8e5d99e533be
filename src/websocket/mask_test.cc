#include "websocket/mask.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace carillon::websocket {
namespace {

TEST(Mask, IsTheExampleOfTheRfc_Rfc6455_5_7) {
  std::string hello = "\x7f\x9f\x4d\x51\x58";
  apply_mask(hello, {0x37, 0xFA, 0x21, 0x3D});
  EXPECT_EQ(hello, "Hello");
  apply_mask(hello, {0x37, 0xFA, 0x21, 0x3D});
  EXPECT_EQ(hello, "\x7f\x9f\x4d\x51\x58");
}

TEST(Mask, AgreesWithTheDefinitionAtEverySizeOffsetAndAlignment) {
  std::mt19937 random(1);
  std::string noise(200, '\0');
  for (char& each : noise) each = static_cast<char>(random());
  const MaskKey key{0x01, 0x80, 0xFF, 0x5A};
  for (std::size_t begin = 0; begin < 16; ++begin) {
    for (std::size_t size = 0; size <= 130; ++size) {
      for (std::uint64_t offset = 0; offset < 8; ++offset) {
        std::string fast = noise;
        std::string naive = noise;
        apply_mask(std::span(fast).subspan(begin, size), key, offset);
        apply_mask_naive(std::span(naive).subspan(begin, size), key, offset);
        ASSERT_EQ(fast, naive) << begin << " " << size << " " << offset;
      }
    }
  }
}

TEST(Mask, InPiecesIsTheSameAsAtOnce) {
  std::string whole(100, 'x');
  apply_mask(whole, {1, 2, 3, 4});
  for (std::size_t split = 0; split <= whole.size(); ++split) {
    std::string pieces(100, 'x');
    apply_mask(std::span(pieces).first(split), {1, 2, 3, 4});
    apply_mask(std::span(pieces).subspan(split), {1, 2, 3, 4}, split);
    ASSERT_EQ(pieces, whole);
  }
}

TEST(Mask, ARotatedKeyStandsForAnOffset) {
  EXPECT_EQ(rotated({1, 2, 3, 4}, 0), (MaskKey{1, 2, 3, 4}));
  EXPECT_EQ(rotated({1, 2, 3, 4}, 3), (MaskKey{4, 1, 2, 3}));
  EXPECT_EQ(rotated({1, 2, 3, 4}, ~std::uint64_t{0}), (MaskKey{4, 1, 2, 3}));
}

}  // namespace
}  // namespace carillon::websocket
