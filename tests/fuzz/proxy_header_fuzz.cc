// A PROXY header reads the same however it is cut, ends within its bounds, and the walks through
// X-Forwarded-For and Forwarded find an address or none. The first byte seeds the cuts; the rest is the
// header, and the value of both headers too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "http/client_address.h"
#include "http/proxy_header.h"

namespace {

namespace http = carillon::http;
using carillon::IpAddress;
using carillon::IpRange;

void require(bool condition) {
  if (!condition) std::abort();
}

std::size_t feed_in_pieces(http::ProxyHeaderReader& reader, std::string_view text, std::uint8_t seed) {
  std::uint32_t state = seed * 2654435761u + 1;
  std::size_t consumed = 0;
  while (reader.state() == http::ProxyHeaderState::need_more && consumed < text.size()) {
    state = state * 1664525u + 1013904223u;
    const std::string_view piece = text.substr(consumed, 1 + (state >> 24) % 8);
    const auto step = reader.feed(piece);
    require(step.state == reader.state() && step.consumed <= piece.size());
    require(step.state != http::ProxyHeaderState::need_more || step.consumed == piece.size());
    consumed += step.consumed;
  }
  return consumed;
}

void check_address(const IpAddress& address) {
  const auto again = IpAddress::parse(address.text());
  require(again.has_value() && *again == address);
  require(address.limit_group().limit_group() == address.limit_group());
}

void check_header(std::string_view text, std::uint8_t seed) {
  http::ProxyHeaderReader whole;
  http::ProxyHeaderReader pieces;
  const auto step = whole.feed(text);
  require(feed_in_pieces(pieces, text, seed) == step.consumed);
  require(whole.state() == pieces.state() && whole.fault() == pieces.fault());
  require(whole.source() == pieces.source());
  require(step.consumed <=
          http::ProxyHeaderReader::kBinaryHeadBytes + http::ProxyHeaderReader::kBinaryRestBytesMax);
  require((step.state == http::ProxyHeaderState::fault) == !whole.fault().empty());
  if (whole.source()) check_address(*whole.source());
}

void check_forwarded(std::string_view value) {
  static const std::vector<IpRange> proxies{*IpRange::parse("10.0.0.0/8"), *IpRange::parse("::1")};
  http::RequestHead head;
  head.headers = {
      {"Forwarded", value}, {"X-Forwarded-For", value}, {"Forwarded", value.substr(value.size() / 2)}};
  for (const auto by : {http::ForwardedBy::forwarded, http::ForwardedBy::x_forwarded_for}) {
    const auto found = http::forwarded_client(head, by, proxies);
    require(found.outcome == http::ForwardedClient::Outcome::found || found.address == IpAddress{});
    check_address(found.address);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_header(text, data[0]);
  check_forwarded(text);
  if (const auto range = IpRange::parse(text)) require(IpRange::parse(range->text()).has_value());
  return 0;
}
