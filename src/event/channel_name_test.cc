#include "event/channel_name.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon {
namespace {

using std::string_view_literals::operator""sv;

TEST(ChannelName, AnyPrintableUtf8IsAName) {
  for (const auto name : {"orders.42"sv, "*"sv, "a?b>[c]"sv, " "sv, "caf\xC3\xA9"sv, "\xF0\x9F\x94\x94"sv,
                          "conversation:conv-123"sv, "\xC2\xA0"sv}) {
    EXPECT_EQ(channel_name_fault(name), ChannelNameFault::none) << name;
  }
}

TEST(ChannelName, HasOneTo255Bytes) {
  EXPECT_EQ(channel_name_fault(""), ChannelNameFault::empty);
  EXPECT_EQ(channel_name_fault("x"), ChannelNameFault::none);
  EXPECT_EQ(channel_name_fault(std::string(254, 'x')), ChannelNameFault::none);
  EXPECT_EQ(channel_name_fault(std::string(255, 'x')), ChannelNameFault::none);
  EXPECT_EQ(channel_name_fault(std::string(256, 'x')), ChannelNameFault::too_long);
}

TEST(ChannelName, HoldsNoControlCharacter) {
  for (const auto name : {"a\0b"sv, "\x1F"sv, "a\r\nPUBLISH"sv, "\x7F"sv, "a\xC2\x80"sv, "a\xC2\x9F"sv}) {
    EXPECT_EQ(channel_name_fault(name), ChannelNameFault::control_character) << name;
  }
}

TEST(ChannelName, IsUtf8) {
  for (const auto name : {"\x80"sv, "\xC0\x80"sv, "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv, "a\xC2"sv}) {
    EXPECT_EQ(channel_name_fault(name), ChannelNameFault::not_utf8) << name;
  }
}

TEST(ChannelName, IsReservedUnderOurOwnPrefix) {
  for (const auto name : {"carillon."sv, "carillon.x"sv, "carillon.probe.n1"sv}) {
    EXPECT_TRUE(is_reserved_channel(name)) << name;
    EXPECT_EQ(bus_channel_fault(name), ChannelNameFault::reserved) << name;
    EXPECT_EQ(channel_name_fault(name), ChannelNameFault::none) << "clients' names are their own";
  }
  for (const auto name : {"carillon"sv, "carillonx.y"sv, "Carillon.x"sv, "x.carillon.y"sv, " carillon.x"sv}) {
    EXPECT_EQ(bus_channel_fault(name), ChannelNameFault::none) << name;
  }
  EXPECT_EQ(bus_channel_fault(""), ChannelNameFault::empty);
  EXPECT_EQ(bus_channel_fault("carillon.\n"), ChannelNameFault::control_character);
}

TEST(ChannelName, EveryFaultHasWords) {
  for (const auto fault : {ChannelNameFault::empty, ChannelNameFault::too_long, ChannelNameFault::not_utf8,
                           ChannelNameFault::control_character, ChannelNameFault::reserved}) {
    EXPECT_NE(describe(fault).find("channel name"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace carillon
