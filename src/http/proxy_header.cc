#include "http/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace carillon::http {
namespace {

constexpr std::string_view kTextBegin = "PROXY ";
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

constexpr std::uint8_t kVersion2Local = 0x20;
constexpr std::uint8_t kVersion2Proxy = 0x21;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcpOverV4 = 0x11;
constexpr std::uint8_t kTcpOverV6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::uint8_t kV4AddressBytes = 12;  // two addresses, two ports
constexpr std::uint8_t kV6AddressBytes = 36;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port > 65535) return false;
  return text.size() == 1 || text.front() != '0';
}

// Returns the parts between single spaces, or nothing when there are not exactly N.
template <std::size_t N>
std::optional<std::array<std::string_view, N>> split(std::string_view text) {
  std::array<std::string_view, N> parts;
  for (std::size_t i = 0; i < N; ++i) {
    const std::size_t space = text.find(' ');
    if ((space == std::string_view::npos) != (i + 1 == N)) return std::nullopt;
    parts[i] = text.substr(0, space);
    if (space != std::string_view::npos) text.remove_prefix(space + 1);
  }
  return parts;
}

// An address that is written in the family that the line names.
std::optional<IpAddress> address_of(std::string_view text, std::string_view family) {
  const bool colon = text.find(':') != std::string_view::npos;
  return colon == (family == "TCP6") ? IpAddress::parse(text) : std::nullopt;
}

}  // namespace

ProxyHeaderReader::Step ProxyHeaderReader::feed(std::string_view bytes) {
  std::size_t consumed = 0;
  while (state_ == ProxyHeaderState::need_more && consumed < bytes.size()) take(bytes[consumed++]);
  return {state_, consumed};
}

void ProxyHeaderReader::take(char byte) {
  switch (phase_) {
    case Phase::start:
      phase_ = byte == kTextBegin.front() ? Phase::text : Phase::binary_head;
      take(byte);
      return;
    case Phase::text:
      take_text(byte);
      return;
    case Phase::binary_head:
      take_binary_head(byte);
      return;
    case Phase::binary_rest:
      take_binary_rest(byte);
  }
}

void ProxyHeaderReader::take_text(char byte) {
  const bool after_cr = !buffer_.empty() && buffer_.back() == '\r';
  buffer_ += byte;
  if (buffer_.size() <= kTextBegin.size()) {
    if (byte != kTextBegin[buffer_.size() - 1]) fail("does not begin with a PROXY header");
  } else if (after_cr != (byte == '\n')) {
    fail("a line end that is not CRLF");
  } else if (byte == '\n') {
    end_text();
  } else if (buffer_.size() == kTextBytesMax) {
    fail("longer than 107 bytes");
  }
}

void ProxyHeaderReader::end_text() {
  const std::string_view line(buffer_.data() + kTextBegin.size(), buffer_.size() - kTextBegin.size() - 2);
  const std::string_view family = line.substr(0, line.find(' '));
  if (family == "UNKNOWN") {  // what follows it is to be ignored
    state_ = ProxyHeaderState::done;
    return;
  }
  if (family != "TCP4" && family != "TCP6") return fail("neither TCP4, TCP6 nor UNKNOWN");
  const auto parts = split<5>(line);
  if (!parts) return fail("not two addresses and two ports");
  const auto& [_, source, destination, source_port, destination_port] = *parts;
  const auto client = address_of(source, family);
  if (!client || !address_of(destination, family)) return fail("not an address of its family");
  if (!is_port(source_port) || !is_port(destination_port)) return fail("not a port");
  source_ = client;
  state_ = ProxyHeaderState::done;
}

void ProxyHeaderReader::take_binary_head(char byte) {
  buffer_ += byte;
  const std::size_t size = buffer_.size();
  if (size <= kSignature.size() && byte != kSignature[size - 1]) {
    fail("does not begin with a PROXY header");
  } else if (size == kBinaryHeadBytes) {
    end_binary_head();
  }
}

void ProxyHeaderReader::end_binary_head() {
  const std::uint8_t command = at(12);
  const std::uint8_t family = at(13);
  rest_bytes_ = static_cast<std::uint16_t>(at(14) << 8 | at(15));
  if (command != kVersion2Local && command != kVersion2Proxy) return fail("an unknown version or command");
  if (rest_bytes_ > kBinaryRestBytesMax) return fail("declares more than 4096 bytes");
  if (command == kVersion2Proxy) {
    if (family == kTcpOverV4) address_bytes_ = kV4AddressBytes;
    if (family == kTcpOverV6) address_bytes_ = kV6AddressBytes;
    if (address_bytes_ == 0 && family != kUnspecified && family != kUnixStream) {
      return fail("an unknown family or transport");
    }
    if (rest_bytes_ < address_bytes_) return fail("too short for its addresses");
  }
  phase_ = Phase::binary_rest;
  if (rest_bytes_ == 0) end_binary();
}

void ProxyHeaderReader::take_binary_rest(char byte) {
  if (buffer_.size() < kBinaryHeadBytes + address_bytes_) buffer_ += byte;
  if (--rest_bytes_ == 0) end_binary();
}

void ProxyHeaderReader::end_binary() {
  const auto* source = reinterpret_cast<const std::uint8_t*>(buffer_.data()) + kBinaryHeadBytes;
  if (address_bytes_ == kV4AddressBytes) source_ = IpAddress::v4(source);
  if (address_bytes_ == kV6AddressBytes) source_ = IpAddress::v6(source);
  state_ = ProxyHeaderState::done;
}

void ProxyHeaderReader::fail(std::string_view why) {
  state_ = ProxyHeaderState::fault;
  fault_ = why;
}

}  // namespace carillon::http
