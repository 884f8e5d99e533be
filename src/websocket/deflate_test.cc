#include "websocket/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>

#include "base/testing/allocation_ceiling.h"

namespace carillon::websocket {
namespace {

using namespace std::string_literals;

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

// A sender with a flush at the end and the tail cut off (RFC 7692 section 7.2.1), at any zlib level.
std::string flushed(std::string_view message, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, message.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
  stream.avail_in = static_cast<uInt>(message.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  EXPECT_TRUE(out.ends_with("\x00\x00\xff\xff"s));
  out.resize(out.size() - 4);
  return out;
}

std::string letters(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out(size, ' ');
  for (char& each : out) each = static_cast<char>('a' + random() % 8);
  return out;
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string out(size, ' ');
  for (char& each : out) each = static_cast<char>(random());
  return out;
}

TEST(Inflater, ReadsWhatZlibSendsAtEveryLevel) {
  Inflater inflater;
  for (const std::size_t size : {0u, 1u, 100u, 4095u, 4096u, 4097u, 70000u, 1000000u}) {
    for (const int level : {0, 1, 6, 9}) {
      for (const std::string& message : {letters(size), noise(size)}) {
        const auto inflated = inflater.inflate(flushed(message, level), kNoLimit);
        ASSERT_TRUE(inflated) << size << " " << level;
        EXPECT_EQ(*inflated, message);
      }
    }
  }
}

TEST(Inflater, IsFreshForEachMessageEvenAfterAFault) {
  Inflater inflater;
  const std::string good = flushed("Hello Hello Hello");
  for (const std::string& bad : {"\x07"s, good.substr(0, 4), flushed(letters(100000))}) {
    EXPECT_FALSE(inflater.inflate(bad, 50));
    const auto inflated = inflater.inflate(good, 50);
    ASSERT_TRUE(inflated);
    EXPECT_EQ(*inflated, "Hello Hello Hello");
  }
}

TEST(Inflater, HoldsToItsCap) {
  Inflater inflater;
  for (const std::size_t size : {1u, 2u, 1000u, 4095u, 4096u, 4097u, 8192u, 100000u}) {
    const std::string compressed = flushed(letters(size));
    EXPECT_EQ(inflater.inflate(compressed, size - 1).error(), InflateFault::too_big) << size;
    EXPECT_TRUE(inflater.inflate(compressed, size)) << size;
    EXPECT_TRUE(inflater.inflate(compressed, size + 1)) << size;
  }
  EXPECT_TRUE(inflater.inflate(flushed(""), 0));
  EXPECT_FALSE(inflater.inflate(flushed("x"), 0));
}

TEST(Inflater, TheCapHoldsThoughTheBufferOfAnEarlierMessageIsLarger) {
  Inflater inflater;
  EXPECT_TRUE(inflater.inflate(flushed(letters(60000)), 60000));
  EXPECT_EQ(inflater.inflate(flushed(letters(1001)), 1000).error(), InflateFault::too_big);
  EXPECT_EQ(inflater.inflate(flushed(letters(1000)), 1000)->size(), 1000u);
}

// 1 GiB of zeros in 1 MiB; the cap is 64 KiB.
TEST(Inflater, ABombCostsNoMoreMemoryThanTheCap) {
  Inflater inflater;
  const std::string layer = flushed(std::string(64 * 1024 * 1024, '\0'), 9);
  std::string bomb;
  for (int i = 0; i < 16; ++i) bomb += layer + "\x00\x00\xff\xff"s;
  EXPECT_EQ(inflater.inflate(bomb, 65536).error(), InflateFault::too_big);
  EXPECT_LE(inflater.buffered_bytes(), 2u * 65536);
}

TEST(Inflater, MemoryGrowsWithTheOutputNotWithTheCap) {
  Inflater inflater;
  EXPECT_TRUE(inflater.inflate(flushed(letters(100)), 1 << 30));
  EXPECT_LE(inflater.buffered_bytes(), 8192u);
}

TEST(Inflater, TrimLetsGoOfALargeBuffer) {
  Inflater inflater;
  EXPECT_TRUE(inflater.inflate(flushed(letters(1000000)), kNoLimit));
  EXPECT_GE(inflater.buffered_bytes(), 1000000u);
  inflater.trim();
  EXPECT_LE(inflater.buffered_bytes(), 64u * 1024);
}

TEST(Inflater, EveryTruncationIsCorrupt) {
  Inflater inflater;
  for (const std::string& compressed :
       {flushed(letters(300)), flushed(std::string(300, 'x')), flushed(noise(300), 0)}) {
    for (std::size_t size = 2; size + 1 < compressed.size(); ++size) {  // (00 alone is an empty message)
      const auto inflated = inflater.inflate(std::string_view(compressed).substr(0, size), kNoLimit);
      ASSERT_FALSE(inflated) << size;
      EXPECT_EQ(inflated.error(), InflateFault::corrupt);
    }
  }
}

TEST(Inflater, CorruptStreamsAreReported) {
  Inflater inflater;
  for (const std::string& bad : {
           "\x06"s,                                  // block type 3
           "\x00\x05\x00\xfa\xfeHello\x00"s,         // stored length and its complement differ
           "\x02\x04\x00"s,                          // a distance before the beginning
           "\xed\xfd\xff\xff\xff\xff"s,              // a broken code table
           "\xf2\x48\xcd\xc9\xc9\x07\x00\x06"s,      // a block, then type 3
           "\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x06"s,  // after BFINAL: an empty stored block cut short
       }) {
    const auto inflated = inflater.inflate(bad, kNoLimit);
    ASSERT_FALSE(inflated);
    EXPECT_EQ(inflated.error(), InflateFault::corrupt);
  }
}

TEST(Inflater, BlocksMayFollowBfinal_Rfc7692_7_2_3_4) {
  Inflater inflater;
  const std::string hello = "\xf3\x48\xcd\xc9\xc9\x07\x00"s;  // with BFINAL
  EXPECT_EQ(*inflater.inflate(hello + "\x00"s, 100), "Hello");
  EXPECT_EQ(*inflater.inflate(hello + hello + "\x00"s, 100), "HelloHello");
  EXPECT_EQ(*inflater.inflate(hello + "\xf2\x48\xcd\xc9\xc9\x07\x00"s, 100), "HelloHello");
  EXPECT_EQ(*inflater.inflate(hello, 100), "Hello") << "not as the RFC has it, but whole";
  EXPECT_EQ(inflater.inflate(hello + hello, 9).error(), InflateFault::too_big);
  EXPECT_EQ(inflater.inflate(hello, 4).error(), InflateFault::too_big);
  EXPECT_TRUE(inflater.inflate(hello, 5));
}

TEST(Deflater, WhatItWritesIsReadBack) {
  Inflater inflater;
  for (const int level : {1, 6, 12}) {
    Deflater deflater(level);
    for (const std::size_t size : {100u, 256u, 4096u, 100000u, 2000000u}) {
      const std::string message = letters(size, 3);
      std::string out = "before";
      ASSERT_TRUE(deflater.try_append_deflated(out, message)) << size;
      ASSERT_TRUE(out.starts_with("before"));
      EXPECT_LT(out.size() - 6, message.size());
      EXPECT_EQ(*inflater.inflate(std::string_view(out).substr(6), size), message);
    }
  }
}

// What any receiver does, in zlib's own words: append the tail, inflate, go on behind BFINAL.
TEST(Deflater, EndsSoThatTheTailFollowsRightly_Rfc7692_7_2_3_4) {
  Deflater deflater;
  std::string out;
  ASSERT_TRUE(deflater.try_append_deflated(out, std::string(1000, 'x')));
  EXPECT_EQ(out.back(), '\0');
  out += "\x00\x00\xff\xff"s;
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, -15), Z_OK);
  std::string message(2000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(out.data());
  stream.avail_in = static_cast<uInt>(out.size());
  stream.next_out = reinterpret_cast<Bytef*>(message.data());
  stream.avail_out = static_cast<uInt>(message.size());
  EXPECT_EQ(inflate(&stream, Z_SYNC_FLUSH), Z_STREAM_END);
  EXPECT_EQ(stream.total_out, 1000u);
  EXPECT_EQ(stream.avail_in, 5u) << "the octet 00 and the tail: an empty stored block";
  EXPECT_EQ(inflateReset(&stream), Z_OK);
  EXPECT_EQ(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
  EXPECT_EQ(stream.avail_in, 0u);
  EXPECT_EQ(stream.total_out, 0u);
  inflateEnd(&stream);
}

TEST(Deflater, DeclinesWhatWouldNotBeSmaller) {
  Deflater deflater;
  std::string out = "as it was";
  for (const std::string& message : {""s, "a"s, "ab"s, "abc"s, "Hello"s, noise(1000)}) {
    EXPECT_FALSE(deflater.try_append_deflated(out, message));
    EXPECT_EQ(out, "as it was");
  }
}

TEST(Deflater, TheSameMessageGivesTheSameBytes) {
  Deflater first;
  Deflater second;
  std::string one;
  std::string two;
  EXPECT_TRUE(first.try_append_deflated(one, letters(5000)));
  EXPECT_TRUE(first.try_append_deflated(two, letters(100)));
  two.clear();
  EXPECT_TRUE(second.try_append_deflated(two, letters(5000)));
  EXPECT_EQ(one, two);
}

TEST(Inflater, WithoutMemoryForItsOutputFailsAndWorksAgainLater) {
  Inflater inflater;
  const std::string message = letters(100'000);
  {
    const carillon::testing::AllocationCeiling ceiling(50'000);
    const auto inflated = inflater.inflate(flushed(message), kNoLimit);
    ASSERT_FALSE(inflated.has_value());
    EXPECT_EQ(inflated.error(), InflateFault::no_memory);
  }
  EXPECT_EQ(inflater.inflate(flushed(message), kNoLimit).value_or(""), message);
}

TEST(Deflater, WithoutMemoryLeavesTheMessagePlain) {
  Deflater deflater;
  std::string out = "kept";
  const carillon::testing::AllocationCeiling ceiling(50'000);
  EXPECT_FALSE(deflater.try_append_deflated(out, letters(100'000)));
  EXPECT_EQ(out, "kept");
}

}  // namespace
}  // namespace carillon::websocket
