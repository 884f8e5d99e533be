#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace carillon {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress{});
}

bool holds(std::string_view range, std::string_view text) {
  const auto parsed = IpRange::parse(range);
  EXPECT_TRUE(parsed.has_value()) << range;
  return parsed && parsed->contains(address(text));
}

TEST(IpAddress, IsReadAndWrittenAsTheKernelWritesIt) {
  EXPECT_EQ(address("192.0.2.1").text(), "192.0.2.1");
  EXPECT_EQ(address("2001:DB8:0:0::1").text(), "2001:db8::1");
  EXPECT_EQ(address("::").text(), "::");
  EXPECT_EQ(address("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255").text(),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, AMappedAddressIsTheIpv4AddressItself) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_EQ(address("::ffff:c000:201").text(), "192.0.2.1");
  EXPECT_TRUE(address("::ffff:192.0.2.1").is_v4());
  EXPECT_FALSE(address("::192.0.2.1").is_v4());
}

TEST(IpAddress, WhatIsNoAddressIsRefused) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text :
       {""sv, "1"sv, "1.2.3"sv, "1.2.3.256"sv, "01.2.3.4"sv, "1.2.3.4 "sv, " 1.2.3.4"sv, "1.2.3.4:80"sv,
        "[::1]"sv, ":::"sv, "fe80::1%eth0"sv, "1::2::3"sv, "localhost"sv, "1.2.3.4\0"sv, "::1\0x"sv,
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
}

TEST(IpAddress, LoopbackIsTheWholeOf127AndOneAddressOfIpv6) {
  for (const auto* text : {"127.0.0.1", "127.255.255.255", "::ffff:127.0.0.1", "::1"}) {
    EXPECT_TRUE(address(text).is_loopback()) << text;
  }
  for (const auto* text : {"126.255.255.255", "128.0.0.1", "::", "::2", "::127.0.0.1", "fe80::1"}) {
    EXPECT_FALSE(address(text).is_loopback()) << text;
  }
}

TEST(IpAddress, Ipv6CountsByIts64AndIpv4ByItself) {
  EXPECT_EQ(address("2001:db8:1:2:3:4:5:6").limit_group(), address("2001:db8:1:2::"));
  EXPECT_EQ(address("2001:db8:1:2::").limit_group(), address("2001:db8:1:2:ffff::1").limit_group());
  EXPECT_NE(address("2001:db8:1:3::1").limit_group(), address("2001:db8:1:2::1").limit_group());
  EXPECT_NE(address("192.0.2.1").limit_group(), address("192.0.2.2").limit_group());
  EXPECT_EQ(address("::ffff:192.0.2.1").limit_group(), address("192.0.2.1"));
}

TEST(IpRange, ContainsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(holds("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.1/32", "192.0.2.0"));
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_TRUE(holds("::1/128", "::1"));
  EXPECT_FALSE(holds("::1/128", "::"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
}

// "::ffff:10.0.0.0/104" was refused, and the range that was advised instead held one address.
TEST(IpRange, AnIpv4RangeInIpv6NotationMeansTheSameAddresses) {
  const auto text = [](std::string_view range) { return IpRange::parse(range).value().text(); };
  EXPECT_EQ(text("::ffff:10.0.0.0/104"), "10.0.0.0/8");
  EXPECT_EQ(text("::ffff:a00:0/104"), "10.0.0.0/8");
  EXPECT_EQ(text("::ffff:192.0.2.1"), "192.0.2.1/32");
  EXPECT_EQ(text("::ffff:192.0.2.1/128"), "192.0.2.1/32");
  EXPECT_EQ(text("::ffff:0:0/96"), "0.0.0.0/0");
  EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.255.0.1"));
  EXPECT_FALSE(holds("::ffff:10.0.0.0/104", "11.0.0.0"));
  EXPECT_FALSE(IpRange::parse("::ffff:0:0/95").has_value());
  EXPECT_FALSE(IpRange::parse("::ffff:10.0.0.1/104").has_value());
  EXPECT_EQ(IpRange::parse("10.0.0.0/8").value().prefix_bits(), 8U);
  EXPECT_EQ(IpRange::parse("2001:db8::/32").value().prefix_bits(), 32U);
}

TEST(IpRange, AFamilyHoldsNoneOfTheOther) {
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(holds("::/0", "192.0.2.1"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
}

TEST(IpRange, ABadRangeIsRefusedWithWhatToWrite) {
  const auto why = [](std::string_view text) {
    const auto parsed = IpRange::parse(text);
    return parsed ? "a range: " + parsed->text() : parsed.error().message;
  };
  EXPECT_EQ(why("10.0.0.1/8"), R"("10.0.0.1/8" has bits behind its prefix; write "10.0.0.0/8")");
  EXPECT_EQ(why("2001:db8::1/64"), R"("2001:db8::1/64" has bits behind its prefix; write "2001:db8::/64")");
  EXPECT_EQ(why("10.0.0.0/33"),
            R"("10.0.0.0/33" has no prefix length from 0 to 32; write "10.0.0.0/32" for one address)");
  EXPECT_EQ(why("::1/129"),
            R"("::1/129" has no prefix length from 0 to 128; write "::1/128" for one address)");
  EXPECT_EQ(why("::1/"), R"("::1/" has no prefix length from 0 to 128; write "::1/128" for one address)");
  EXPECT_EQ(why("::1/1x"), R"("::1/1x" has no prefix length from 0 to 128; write "::1/128" for one address)");
  EXPECT_EQ(why("lan"), R"("lan" is not a range of addresses; write one such as "10.0.0.0/8" or "::1/128")");
  EXPECT_EQ(
      why("::ffff:10.0.0.0/8"),
      R"("::ffff:10.0.0.0/8" counts its prefix in IPv6's bits, and all of IPv4 has 96 of them; write the )"
      R"(IPv4 range, such as "10.0.0.0/8")");
  EXPECT_EQ(why("192.0.2.1"), "a range: 192.0.2.1/32");
}

}  // namespace
}  // namespace carillon
