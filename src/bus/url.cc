#include "bus/url.h"

#include <charconv>

namespace carillon::bus {
namespace {

constexpr std::uint32_t kDatabaseMax = 1'000'000;

tl::unexpected<Error> refuse(std::string_view what) {
  return failure(std::string(what) +
                 "; write memory:, redis://[user:password@]host[:port][/db] or rediss://… "
                 "(special characters in user and password percent-encoded)");
}

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_';
}

bool is_address6_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

template <class Predicate>
bool every_byte(std::string_view text, Predicate&& predicate) {
  for (const char c : text) {
    if (!predicate(c)) return false;
  }
  return true;
}

// Digits only: from_chars alone would take a sign or stop half-way.
bool parse_number(std::string_view text, std::uint32_t max, std::uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && value <= max;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool percent_decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

// An empty fault is success.
std::string_view parse_user_info(std::string_view text, BusUrl& url) {
  if (text.empty()) return {};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return "a user but no password";
  std::string password;
  if (!percent_decode(text.substr(0, colon), url.user) || !percent_decode(text.substr(colon + 1), password)) {
    return "a percent sign in user or password that is not followed by two hexadecimal digits";
  }
  url.password = Secret(std::move(password));
  return {};
}

std::string_view parse_host_and_port(std::string_view text, BusUrl& url) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return "a [ without its ]";
    url.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!every_byte(url.host, is_address6_byte)) return "no IPv6 address between [ and ]";
  } else {
    const auto colon = text.find(':');
    url.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
    if (!every_byte(url.host, is_host_byte)) return "a byte in the host that no host name has";
  }
  if (url.host.empty()) return "no host";
  if (rest.empty()) return {};
  std::uint32_t port = 0;
  if (rest.front() != ':' || !parse_number(rest.substr(1), 65535, port) || port == 0) {
    return "the port is not a number from 1 to 65535";
  }
  url.port = static_cast<std::uint16_t>(port);
  return {};
}

std::string_view parse_redis(std::string_view rest, BusUrl& url) {
  if (rest.find_first_of("?#") != std::string_view::npos) return "no ? or # belongs in it";
  const auto slash = rest.find('/');
  const auto authority = rest.substr(0, slash);
  const auto path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  // The last @: one in the password should be encoded, but read otherwise it would become a host.
  const auto at = authority.rfind('@');
  const auto host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (at != std::string_view::npos) {
    if (const auto fault = parse_user_info(authority.substr(0, at), url); !fault.empty()) return fault;
  }
  if (const auto fault = parse_host_and_port(host, url); !fault.empty()) return fault;
  if (!path.empty() && !parse_number(path, kDatabaseMax, url.database)) {
    return "the database after the / is not a number";
  }
  return {};
}

}  // namespace

std::string BusUrl::display() const {
  if (scheme == Scheme::memory) return "memory:";
  std::string out = scheme == Scheme::redis ? "redis://" : "rediss://";
  const bool address6 = host.find(':') != std::string::npos;
  out += address6 ? "[" + host + "]" : host;
  out += ":" + std::to_string(port);
  if (database != 0) out += "/" + std::to_string(database);
  return out;
}

Result<BusUrl> parse_bus_url(std::string_view text) {
  BusUrl url;
  if (text == "memory:") return url;
  if (text.size() > kUrlBytesMax) return refuse("it is longer than 2048 bytes");
  const auto mark = text.find("://");
  const auto scheme = text.substr(0, mark);
  if (mark == std::string_view::npos) return refuse("it has no scheme");
  if (scheme == "redis") {
    url.scheme = Scheme::redis;
  } else if (scheme == "rediss") {
    url.scheme = Scheme::rediss;
  } else {
    return refuse("unsupported scheme");
  }
  if (const auto fault = parse_redis(text.substr(mark + 3), url); !fault.empty()) return refuse(fault);
  return url;
}

}  // namespace carillon::bus
