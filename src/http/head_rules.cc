#include "http/authority.h"
#include "http/characters.h"
#include "http/head_parser.h"

namespace carillon::http {
namespace {

// RFC 9112 section 3.2: exactly one Host in HTTP/1.1, never two, and each a host with perhaps a port. An
// empty one is legal (a target without an authority). The authority of an absolute target takes its place.
std::optional<Fault> judge_host(RequestHead& head) {
  const std::size_t count = head.count("Host");
  if (count > 1) return Fault{400, "more than one Host header"};
  if (count == 0) {
    if (head.minor_version == 0) return std::nullopt;
    return Fault{400, "the Host header is missing"};
  }
  const std::string_view host = *head.header("Host");
  if (!host.empty() && !parse_authority(host)) return Fault{400, "bad Host header"};
  if (head.authority.empty()) head.authority = host;
  return std::nullopt;
}

std::optional<std::uint64_t> decimal(std::string_view digits) {
  constexpr std::size_t kDigitsMax = 19;  // below 10^19, which fits
  if (digits.empty() || digits.size() > kDigitsMax) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// RFC 9112 section 6.3. Whatever two servers could measure differently is refused.
std::optional<Fault> judge_body(RequestHead& head) {
  const std::size_t lengths = head.count("Content-Length");
  const std::size_t codings = head.count("Transfer-Encoding");
  if (lengths > 1) return Fault{400, "more than one Content-Length header"};
  if (lengths != 0 && codings != 0) return Fault{400, "both Content-Length and Transfer-Encoding"};
  if (lengths == 1) {
    head.content_length = decimal(*head.header("Content-Length"));
    if (!head.content_length) return Fault{400, "bad Content-Length"};
    head.body = BodyKind::sized;
  }
  if (codings != 0) {
    if (head.minor_version == 0) return Fault{400, "Transfer-Encoding in HTTP/1.0"};
    if (codings > 1) return Fault{400, "more than one Transfer-Encoding header"};
    if (!equal_ignoring_case(*head.header("Transfer-Encoding"), "chunked")) {
      return Fault{501, "the only transfer coding here is chunked"};
    }
    head.body = BodyKind::chunked;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Fault> judge_head(RequestHead& head) {
  if (auto fault = judge_host(head)) return fault;
  if (auto fault = judge_body(head)) return fault;
  const bool closes = head.has_token("Connection", "close");
  const bool keeps = head.minor_version >= 1 || head.has_token("Connection", "keep-alive");
  head.keep_alive = keeps && !closes ? KeepAlive::keep : KeepAlive::close;
  head.expects_continue =
      head.minor_version >= 1 && head.body != BodyKind::none && head.has_token("Expect", "100-continue");
  return std::nullopt;
}

}  // namespace carillon::http
