#include "reactor/ticket_keys.h"

#include <gtest/gtest.h>

namespace carillon::reactor {
namespace {

constexpr WallTime kMadeAt{seconds(1'767'225'600)};

TicketKey key_of(char byte, WallTime made_at) {
  return {Secret(std::string(TicketKey::kBytes, byte)), made_at};
}

TEST(TicketKeys, AKeyIsRenewedWhenItIsADayOld) {
  TicketKeys keys(kMadeAt);
  const TicketKey first = keys.current();
  EXPECT_EQ(first.bytes.reveal().size(), TicketKey::kBytes);
  EXPECT_FALSE(keys.renew_if_due(kMadeAt + TicketKeys::kLifetime - milliseconds(1)));
  EXPECT_TRUE(keys.renew_if_due(kMadeAt + TicketKeys::kLifetime));
  EXPECT_FALSE(keys.renew_if_due(kMadeAt + TicketKeys::kLifetime));
  EXPECT_NE(keys.current().bytes.reveal(), first.bytes.reveal());
}

TEST(TicketKeys, TheKeyBeforeIsKeptAndTheOneBeforeThatIsGone) {
  TicketKeys keys(kMadeAt);
  const TicketKey first = keys.current();
  ASSERT_TRUE(keys.renew_if_due(kMadeAt + TicketKeys::kLifetime));
  const TicketKey second = keys.current();
  ASSERT_TRUE(keys.find(first.name()));
  EXPECT_FALSE(keys.find(first.name())->is_current);
  EXPECT_EQ(keys.find(first.name())->key.bytes.reveal(), first.bytes.reveal());
  EXPECT_TRUE(keys.find(second.name())->is_current);
  ASSERT_TRUE(keys.renew_if_due(kMadeAt + 2 * TicketKeys::kLifetime));
  EXPECT_FALSE(keys.find(first.name()));
  EXPECT_TRUE(keys.find(second.name()));
  EXPECT_EQ(keys.keys().size(), TicketKeys::kKept);
}

TEST(TicketKeys, AKeyThatAClockMadeInTheFutureIsRenewed) {
  TicketKeys keys(kMadeAt);
  EXPECT_TRUE(keys.renew_if_due(kMadeAt - milliseconds(1)));
  EXPECT_EQ(keys.current().made_at, kMadeAt - milliseconds(1));
}

TEST(TicketKeys, ThoseOfAnotherProcessAreUsedWithTheirAge) {
  TicketKeys keys(kMadeAt, {key_of('a', kMadeAt - TicketKeys::kLifetime + seconds(1)),
                            key_of('b', kMadeAt - 2 * TicketKeys::kLifetime)});
  EXPECT_EQ(keys.current().name(), std::string(TicketKey::kNameBytes, 'a'));
  EXPECT_TRUE(keys.find(std::string(TicketKey::kNameBytes, 'b')));
  EXPECT_TRUE(keys.renew_if_due(kMadeAt + seconds(1)));
}

TEST(TicketKeys, AKeyOfAnotherLengthAndAThirdOneAreLeftOut) {
  TicketKey shorter = key_of('x', kMadeAt);
  shorter.bytes = Secret(std::string(TicketKey::kBytes - 1, 'x'));
  const TicketKeys keys(kMadeAt, {shorter, key_of('a', kMadeAt), key_of('b', kMadeAt), key_of('c', kMadeAt)});
  ASSERT_EQ(keys.keys().size(), TicketKeys::kKept);
  EXPECT_EQ(keys.keys()[0].name(), std::string(TicketKey::kNameBytes, 'a'));
  EXPECT_EQ(keys.keys()[1].name(), std::string(TicketKey::kNameBytes, 'b'));
  const TicketKeys none(kMadeAt, {shorter});
  EXPECT_EQ(none.current().bytes.reveal().size(), TicketKey::kBytes);
}

}  // namespace
}  // namespace carillon::reactor
