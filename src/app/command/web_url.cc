#include "app/command/web_url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace carillon::app {
namespace {

constexpr std::string_view kPlainPort = "80";
constexpr std::string_view kSecurePort = "443";

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size();
}

// Splits "[::1]:8000"; false where it is malformed.
bool read_authority(std::string_view text, WebUrl& url) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':')) return false;
  } else {
    const std::size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    text.remove_prefix(std::min(colon, text.size()));
  }
  if (!text.empty()) url.port = text.substr(1);
  return !url.host.empty() && is_port(url.port);
}

bool is_printable(char c) { return c > ' ' && c < 0x7f; }

}  // namespace

std::string WebUrl::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (is_tls ? kSecurePort : kPlainPort) ? name : name + ":" + port;
}

Result<WebUrl> parse_web_url(std::string_view text, std::string_view plain, std::string_view secure) {
  const auto wrong = [&] {
    return failure("\"" + std::string(text) +
                   "\" is not a URL that this command can use; write one such as " + std::string(plain) +
                   "://127.0.0.1:8000 or " + std::string(secure) + "://push.example.com");
  };
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos || !std::all_of(text.begin(), text.end(), is_printable)) return wrong();
  WebUrl url;
  const std::string_view scheme = text.substr(0, end);
  if (scheme != plain && scheme != secure) return wrong();
  url.is_tls = scheme == secure;
  url.port = url.is_tls ? kSecurePort : kPlainPort;
  std::string_view rest = text.substr(end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t target = rest.find_first_of("/?");
  if (!read_authority(rest.substr(0, target), url)) return wrong();
  url.target = target == std::string_view::npos ? "/" : rest.substr(target);
  if (url.target.starts_with('?')) url.target.insert(0, "/");
  return url;
}

}  // namespace carillon::app
