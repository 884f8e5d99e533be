#include "client/handshake_rate.h"

#include <gtest/gtest.h>

#include <string>

#include "client/shard_share.h"

namespace carillon::client {
namespace {

constexpr SipKey kKey{1, 2};

IpAddress address(std::uint32_t number) {
  const std::uint8_t four[] = {198, static_cast<std::uint8_t>(number >> 16),
                               static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return IpAddress::v4(four);
}

TEST(HandshakeRate, AnAddressIsRefusedOverTheLimit) {
  for (const std::uint64_t limit : {1U, 2U, 500U}) {
    HandshakeRate rate({limit, seconds(10)}, kKey);
    for (std::uint64_t i = 0; i < limit; ++i) EXPECT_TRUE(rate.try_begin(address(1), MonoTime{})) << i;
    EXPECT_FALSE(rate.try_begin(address(1), MonoTime{})) << limit;
    EXPECT_FALSE(rate.try_begin(address(1), MonoTime{} + milliseconds(9999)));
    EXPECT_TRUE(rate.try_begin(address(2), MonoTime{})) << "another address";
    EXPECT_TRUE(rate.try_begin(address(1), MonoTime{} + seconds(10))) << "the next window";
  }
}

TEST(HandshakeRate, ManyAddressesDoNotSwitchTheLimitOff) {
  HandshakeRate rate({3, seconds(10)}, kKey);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.try_begin(address(0), MonoTime{}));
  for (std::uint32_t other = 1; other < 100'000; ++other) rate.try_begin(address(other), MonoTime{});
  EXPECT_FALSE(rate.try_begin(address(0), MonoTime{}));
}

TEST(HandshakeRate, AThousandAddressesBelowTheLimitAreAllAdmitted) {
  HandshakeRate rate({10, seconds(10)}, kKey);
  for (int round = 0; round < 5; ++round) {
    for (std::uint32_t each = 0; each < 1000; ++each) {
      EXPECT_TRUE(rate.try_begin(address(each), MonoTime{})) << each;
    }
  }
}

TEST(ShardShare, ThePartsAddUpToTheLimitAndEachIsAtLeastOne) {
  for (const std::uint64_t limit : {4U, 5U, 7U, 8U, 1000U}) {
    std::uint64_t total = 0;
    for (std::uint64_t shard = 0; shard < 4; ++shard) total += share_of(limit, shard, 4);
    EXPECT_EQ(total, limit);
  }
  for (std::uint64_t shard = 0; shard < 4; ++shard) EXPECT_EQ(share_of(1, shard, 4), 1U);
}

}  // namespace
}  // namespace carillon::client
