#include "client/key_guesses.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

const MonoTime kStart{seconds(1000)};

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

void guess(KeyGuesses& guesses, std::size_t count, MonoTime at = kStart,
           std::string_view from = "192.0.2.1") {
  for (std::size_t i = 0; i < count; ++i) guesses.note_wrong(address(from), "key" + std::to_string(i), at);
}

TEST(KeyGuesses, AnAddressMayTryTenDifferentKeysAMinute) {
  for (const std::size_t count : {KeyGuesses::kWrongKeysMax - 1, KeyGuesses::kWrongKeysMax}) {
    KeyGuesses guesses{SipKey{1, 2}};
    guess(guesses, count);
    EXPECT_EQ(guesses.may_try(address("192.0.2.1"), kStart), count < KeyGuesses::kWrongKeysMax);
    EXPECT_TRUE(guesses.may_try(address("192.0.2.2"), kStart)) << "another address";
    EXPECT_EQ(guesses.wrong_keys(), count);
    EXPECT_EQ(guesses.refusals(), count < KeyGuesses::kWrongKeysMax ? 0U : 1U);
  }
}

TEST(KeyGuesses, TheSameWrongKeyCountsOnce) {
  KeyGuesses guesses{SipKey{1, 2}};
  for (int i = 0; i < 1000; ++i) guesses.note_wrong(address("192.0.2.1"), "outdated", kStart);
  EXPECT_TRUE(guesses.may_try(address("192.0.2.1"), kStart));
  EXPECT_EQ(guesses.wrong_keys(), 1000U);
}

TEST(KeyGuesses, AreForgottenAfterTheWindow) {
  KeyGuesses guesses{SipKey{1, 2}};
  guess(guesses, KeyGuesses::kWrongKeysMax);
  const MonoTime end = kStart + KeyGuesses::kWindow;
  EXPECT_EQ(guesses.retry_after_s(address("192.0.2.1"), kStart), 60U);
  EXPECT_EQ(guesses.retry_after_s(address("192.0.2.1"), end - milliseconds(1)), 1U);
  EXPECT_FALSE(guesses.may_try(address("192.0.2.1"), end - milliseconds(1)));
  EXPECT_TRUE(guesses.may_try(address("192.0.2.1"), end));
  EXPECT_EQ(guesses.addresses(), 0U);
  EXPECT_EQ(guesses.retry_after_s(address("192.0.2.1"), end), 1U);
}

TEST(KeyGuesses, AnIpv6AddressCountsByIts64) {
  KeyGuesses guesses{SipKey{1, 2}};
  guess(guesses, KeyGuesses::kWrongKeysMax, kStart, "2001:db8:1:2::1");
  EXPECT_FALSE(guesses.may_try(address("2001:db8:1:2:ffff::9"), kStart));
  EXPECT_TRUE(guesses.may_try(address("2001:db8:1:3::1"), kStart));
}

TEST(KeyGuesses, RememberABoundedNumberOfAddresses) {
  KeyGuesses guesses{SipKey{1, 2}};
  const auto nth = [](std::size_t n) {
    return "10.0." + std::to_string(n / 256) + "." + std::to_string(n % 256);
  };
  for (std::size_t n = 0; n <= KeyGuesses::kAddressesMax; ++n) {
    guess(guesses, KeyGuesses::kWrongKeysMax, kStart + milliseconds(n), nth(n));
    EXPECT_EQ(guesses.addresses(), std::min(n + 1, KeyGuesses::kAddressesMax));
  }
  const MonoTime now = kStart + seconds(30);
  EXPECT_TRUE(guesses.may_try(address(nth(0)), now)) << "the oldest gave way";
  EXPECT_FALSE(guesses.may_try(address(nth(1)), now));
  EXPECT_FALSE(guesses.may_try(address(nth(KeyGuesses::kAddressesMax)), now));
}

TEST(KeyGuesses, OfAnEndpointWithApiKeysAreLimitedToo) {
  testing::ShardStage stage(
      "[[endpoint]]\nprofile = \"orion\"\nauth.mode = \"api_key\"\nauth.sources = [\"header:X-API-Key\"]\n"
      "auth.api_keys = [\"the-right-key-0123\"]\n");
  const auto status = [&stage](const std::string& key, const std::string& from) {
    const std::string headers = std::string(testing::kUpgradeHeaders) + "X-API-Key: " + key + "\r\n";
    const testing::Answer answer = stage.ask(testing::get("/ws", headers), from);
    if (answer.head.find("\r\nRetry-After: 60\r\n") != std::string::npos) return std::string("later");
    return answer.head.substr(9, 3);
  };
  for (std::size_t i = 0; i < KeyGuesses::kWrongKeysMax; ++i) {
    EXPECT_EQ(status("wrong" + std::to_string(i), "192.0.2.1"), "401") << i;
  }
  EXPECT_EQ(status("wrong", "192.0.2.1"), "later");
  EXPECT_EQ(status("the-right-key-0123", "192.0.2.1"), "later") << "its key is not checked";
  EXPECT_EQ(status("the-right-key-0123", "192.0.2.2"), "101");
  EXPECT_EQ(stage.refusals(RefusalReason::wrong_keys), 2U);
  EXPECT_EQ(stage.refusals(RefusalReason::token_invalid), KeyGuesses::kWrongKeysMax);
  stage.run_for(KeyGuesses::kWindow);
  EXPECT_EQ(status("the-right-key-0123", "192.0.2.1"), "101");
}

}  // namespace
}  // namespace carillon::gateway
