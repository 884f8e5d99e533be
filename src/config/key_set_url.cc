#include "config/key_set_url.h"

#include <algorithm>

#include "base/ip_address.h"
#include "config/text.h"
#include "http/authority.h"

namespace carillon::config {
namespace {

constexpr std::string_view kWrite = "; write \"https://id.example.com/keys\"";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  return address && address->is_loopback();
}

// RFC 3986 has no other characters in a URL; a control character could also split a request line.
bool is_url_character(char c) {
  return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
}

}  // namespace

Result<KeySetServer> parse_key_set_url(std::string_view url) {
  if (url.size() > kKeySetUrlBytesMax) {
    return failure(cat({"is ", std::to_string(url.size()), " bytes long; write at most ",
                        std::to_string(kKeySetUrlBytesMax)}));
  }
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !std::all_of(url.begin(), url.end(), is_url_character)) {
    return failure(cat({"is not a URL", kWrite}));
  }
  const std::string_view scheme = url.substr(0, colon);
  if (scheme != "https" && scheme != "http") {
    return failure(cat({"has the scheme ", quoted(scheme), kWrite}));
  }
  if (url.find('#') != std::string_view::npos) return failure(cat({"has a fragment (#…)", kWrite}));
  const std::string_view rest = url.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) {
    return failure(cat({"has a user name or password, which is not supported", kWrite}));
  }
  const auto parsed = http::parse_authority(authority);
  if (!parsed || parsed->port == 0) return failure(cat({"has no valid host and port", kWrite}));
  KeySetServer server{std::string(scheme), lower(parsed->host),
                      parsed->port.value_or(scheme == "https" ? 443 : 80)};
  if (server.scheme == "http" && !is_loopback(server.host)) {
    return failure(
        "uses http, so that anyone on the network path could replace the keys; write https:// (http:// is "
        "for 127.0.0.1, [::1] and localhost only)");
  }
  return server;
}

}  // namespace carillon::config
