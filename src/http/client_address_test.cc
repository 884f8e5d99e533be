// Who the client is, line by line of the two headers; 10.0.0.0/8 and ::1 are the trusted proxies.
#include "http/client_address.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "http/head_reader.h"

namespace carillon::http {
namespace {

const std::vector<IpRange>& proxies() {
  static const std::vector<IpRange> all{*IpRange::parse("10.0.0.0/8"), *IpRange::parse("::1/128")};
  return all;
}

std::string client(ForwardedBy by, const std::string& headers) {
  HeadReader reader({.request_line_bytes_max = 100, .head_bytes_max = 100'000, .headers_max = 64});
  const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
  EXPECT_EQ(reader.feed(text).state, HeadState::done) << text;
  const ForwardedClient found = forwarded_client(reader.head(), by, proxies());
  switch (found.outcome) {
    case ForwardedClient::Outcome::absent:
      return "absent";
    case ForwardedClient::Outcome::unknown:
      return "unknown";
    case ForwardedClient::Outcome::malformed:
      return "malformed";
    case ForwardedClient::Outcome::found:
      break;
  }
  return found.address.text();
}

std::string by_list(const std::string& value) {
  return client(ForwardedBy::x_forwarded_for, "X-Forwarded-For: " + value + "\r\n");
}
std::string by_forwarded(const std::string& value) {
  return client(ForwardedBy::forwarded, "Forwarded: " + value + "\r\n");
}

std::string repeated(const std::string& what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

TEST(XForwardedFor, TheRightMostThatIsNoTrustedProxyIsTheClient) {
  EXPECT_EQ(by_list("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(by_list("203.0.113.66, 192.0.2.1"), "192.0.2.1") << "what stands left is the client's word";
  EXPECT_EQ(by_list("203.0.113.66,192.0.2.1 ,10.0.0.2,\t10.0.0.1"), "192.0.2.1");
  EXPECT_EQ(by_list("192.0.2.1, ::ffff:10.0.0.2, ::1"), "192.0.2.1");
  EXPECT_EQ(by_list("2001:db8::7, 10.0.0.1"), "2001:db8::7");
}

TEST(XForwardedFor, WhereEveryHopIsTrustedTheLeftMostIsTheClient) {
  EXPECT_EQ(by_list("10.0.0.3, 10.0.0.2"), "10.0.0.3");
}

TEST(XForwardedFor, PortsAndBracketsAreRead) {
  EXPECT_EQ(by_list("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(by_list("[2001:db8::7]"), "2001:db8::7");
  EXPECT_EQ(by_list("[2001:db8::7]:443, [::1]:1"), "2001:db8::7");
}

TEST(XForwardedFor, SeveralLinesAreOneList) {
  const auto lines = [](std::initializer_list<const char*> values) {
    std::string headers;
    for (const char* value : values) headers += std::string("x-forwarded-for: ") + value + "\r\n";
    return client(ForwardedBy::x_forwarded_for, headers);
  };
  EXPECT_EQ(lines({"203.0.113.66", "192.0.2.1", "10.0.0.2"}), "192.0.2.1");
  EXPECT_EQ(lines({"garbage", "192.0.2.1"}), "192.0.2.1");
  EXPECT_EQ(lines({"garbage", "10.0.0.2"}), "malformed");
}

TEST(XForwardedFor, AbsentUnknownAndMalformed) {
  EXPECT_EQ(client(ForwardedBy::x_forwarded_for, "Forwarded: for=192.0.2.1\r\n"), "absent");
  EXPECT_EQ(by_list(""), "absent");
  EXPECT_EQ(by_list(" , ,"), "absent");
  EXPECT_EQ(by_list("192.0.2.1, unknown"), "unknown");
  for (const char* value :
       {"garbage", "192.0.2.1, x", "1.2.3", "192.0.2.1:", "192.0.2.1:123456", "192.0.2.1:x", "[::1",
        "[192.0.2.1]", "[2001:db8::7]x", "192.0.2.1:1:2", "192.0.2.1;", "\"192.0.2.1\""}) {
    EXPECT_EQ(by_list(value), "malformed") << value;
  }
  EXPECT_EQ(by_list("garbage, 192.0.2.1"), "192.0.2.1") << "the garbage is never reached";
}

TEST(XForwardedFor, TheWalkHasAnEnd) {
  EXPECT_EQ(by_list("192.0.2.1" + repeated(",10.0.0.2", kHopsMax - 2)), "192.0.2.1");
  EXPECT_EQ(by_list("192.0.2.1" + repeated(",10.0.0.2", kHopsMax - 1)), "192.0.2.1");
  EXPECT_EQ(by_list("192.0.2.1" + repeated(",10.0.0.2", kHopsMax)), "malformed");
  const std::string right = "192.0.2.1,";  // and blanks up to the limit
  EXPECT_EQ(by_list(right + std::string(kForwardedBytesMax - 1 - right.size() - 8, ' ') + "10.0.0.2"),
            "192.0.2.1");
  EXPECT_EQ(by_list(right + std::string(kForwardedBytesMax - right.size() - 8, ' ') + "10.0.0.2"),
            "192.0.2.1");
  EXPECT_EQ(by_list(right + std::string(kForwardedBytesMax + 1 - right.size() - 8, ' ') + "10.0.0.2"),
            "malformed");
  EXPECT_EQ(by_list(std::string(3 * kForwardedBytesMax, 'x') + ", 192.0.2.1"), "192.0.2.1")
      << "a client cannot push its address out by what it sends";
}

TEST(Forwarded, TheRightMostThatIsNoTrustedProxyIsTheClient) {
  EXPECT_EQ(by_forwarded("for=192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(by_forwarded("for=203.0.113.66, for=192.0.2.1;proto=http;by=10.0.0.1, For=10.0.0.2"),
            "192.0.2.1");
  EXPECT_EQ(by_forwarded("by=10.0.0.1;host=example.com; FOR=\"192.0.2.1\" ; proto=https"), "192.0.2.1");
  EXPECT_EQ(by_forwarded("for=10.0.0.3,for=10.0.0.2"), "10.0.0.3");
}

TEST(Forwarded, QuotedIpv6AndPortsAreRead) {
  EXPECT_EQ(by_forwarded("for=\"[2001:db8:cafe::17]:4711\""), "2001:db8:cafe::17");
  EXPECT_EQ(by_forwarded("for=\"[2001:db8:cafe::17]\""), "2001:db8:cafe::17");
  EXPECT_EQ(by_forwarded("for=\"192.0.2.43:47011\""), "192.0.2.43");
  EXPECT_EQ(by_forwarded("for=\"192.0.2.43:_hidden\""), "192.0.2.43");
  EXPECT_EQ(by_forwarded("for=\"\\[2001:db8::1\\]\""), "2001:db8::1");
  EXPECT_EQ(by_forwarded("for=192.0.2.1;secret=\"a,for=6.6.6.6;\\\"x\", for=\"[::1]\""), "192.0.2.1");
}

TEST(Forwarded, WhoIsHiddenIsUnknown) {
  for (const char* value : {"for=unknown", "for=Unknown", "for=\"unknown:80\"", "for=_gazonk", "for=\"_x:1\"",
                            "proto=https", "for=192.0.2.1, for=_hidden", "for=192.0.2.1, by=10.0.0.1"}) {
    EXPECT_EQ(by_forwarded(value), "unknown") << value;
  }
}

TEST(Forwarded, AbsentAndMalformed) {
  EXPECT_EQ(client(ForwardedBy::forwarded, "X-Forwarded-For: 192.0.2.1\r\n"), "absent");
  EXPECT_EQ(by_forwarded(", ,"), "absent");
  for (const char* value :
       {"192.0.2.1", "for", "for=", "for=\"\"", "for =192.0.2.1", "for=192.0.2.1 proto=http",
        "for=\"192.0.2.1", "for=\"192.0.2.1\\", "for=192.0.2.1:80", "for=[::1]", "for=2001:db8::1",
        "for=\"2001:db8::1\"", "for=_", "for=\"[2001:db8::1]:99x\"", "for=192.0.2.1;for=192.0.2.2",
        "for=192.0.2.1;=x", "for=192.0.2.1;proto="}) {
    EXPECT_EQ(by_forwarded(value), "malformed") << value;
  }
}

TEST(Forwarded, AQuoteOfTheClientsDoesNotSwallowWhatTheProxyAdds) {
  EXPECT_EQ(by_forwarded("for=6.6.6.6;by=\", for=192.0.2.1"), "malformed");
  EXPECT_EQ(by_forwarded("for=6.6.6.6;by=\", for=\"[2001:db8::1]\""), "malformed");
  EXPECT_EQ(client(ForwardedBy::forwarded, "Forwarded: for=\"x\r\nForwarded: for=192.0.2.1\r\n"),
            "192.0.2.1");
}

TEST(Forwarded, TheWalkHasAnEnd) {
  EXPECT_EQ(by_forwarded("for=192.0.2.1" + repeated(",for=10.0.0.2", kHopsMax - 2)), "192.0.2.1");
  EXPECT_EQ(by_forwarded("for=192.0.2.1" + repeated(",for=10.0.0.2", kHopsMax - 1)), "192.0.2.1");
  EXPECT_EQ(by_forwarded("for=192.0.2.1" + repeated(",for=10.0.0.2", kHopsMax)), "malformed");
  const std::string begin = "for=192.0.2.1;x=";
  EXPECT_EQ(by_forwarded(begin + std::string(kForwardedBytesMax - 1 - begin.size(), 'y')), "192.0.2.1");
  EXPECT_EQ(by_forwarded(begin + std::string(kForwardedBytesMax - begin.size(), 'y')), "192.0.2.1");
  EXPECT_EQ(by_forwarded(begin + std::string(kForwardedBytesMax + 1 - begin.size(), 'y')), "malformed");
}

}  // namespace
}  // namespace carillon::http
