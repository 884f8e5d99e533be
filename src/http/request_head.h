#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::http {

// Why a request is refused: an HTTP status and a few words. The words are literals.
struct Fault {
  int status = 400;
  std::string_view reason;
};

// One header field of a request.
struct Header {
  std::string_view name;   // as written
  std::string_view value;  // without white space around it
};

// Whether the connection stays open after the response.
enum class KeepAlive : std::uint8_t { close, keep };

// How the length of a request's body is determined.
enum class BodyKind : std::uint8_t { none, sized, chunked };

// RequestHead: the request line and headers of one HTTP/1.x request (RFC 9112), checked and parsed.
//
// Made by HeadReader. It owns the head's bytes; the views point into them and stay valid when the head is
// moved. It cannot be copied. Thread: one at a time.
struct RequestHead {
  RequestHead() = default;
  RequestHead(RequestHead&&) noexcept = default;
  RequestHead& operator=(RequestHead&&) noexcept = default;

  std::string_view method;      // case-sensitive; any token, known or not
  std::string_view target;      // as sent: log it only through Redaction (redaction.h)
  std::string_view authority;   // of an absolute target, otherwise the Host header; may be empty
  std::string_view raw_path;    // as sent: compare this with the paths that Carillon serves
  std::string path;             // percent-decoded once: for parameters of a path and for messages
  std::string_view query;       // raw, without the '?'; QueryParameters parses it
  int minor_version = 1;        // HTTP/1.0 or HTTP/1.1
  std::vector<Header> headers;  // in order
  KeepAlive keep_alive = KeepAlive::keep;
  BodyKind body = BodyKind::none;  // `sized` also for Content-Length: 0
  std::optional<std::uint64_t> content_length;
  bool expects_continue = false;  // Expect: 100-continue

  std::vector<char> bytes;  // the head itself, which the views point into

  // Returns the first header with this name, in any letter case.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  // Returns all headers with this name, joined by ", " (RFC 9110 section 5.3).
  std::string joined(std::string_view name) const;
  // Whether the comma-separated lists of all headers with this name contain the token, in any letter case:
  // has_token("Connection", "upgrade").
  bool has_token(std::string_view name, std::string_view token) const;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII letters only
std::string_view trimmed(std::string_view text);                   // without spaces and tabs around it

// Why an upgrade request is refused (RFC 6455 section 4.2.1), in the order of the checks.
enum class UpgradeFault : std::uint8_t {
  none,
  not_get,         // 405
  http_1_0,        // 400
  not_an_upgrade,  // 426: no `Connection: upgrade` or no `Upgrade: websocket`
  has_body,        // 400: Content-Length other than 0, or Transfer-Encoding
  bad_version,     // 426: not exactly one Sec-WebSocket-Version: 13
  bad_key          // 400: not exactly one Sec-WebSocket-Key
};

// The result of checking the upgrade headers of a request.
struct UpgradeCheck {
  UpgradeFault fault = UpgradeFault::none;
  std::string_view key;  // Sec-WebSocket-Key; websocket/ checks its syntax
};

UpgradeCheck check_websocket_upgrade(const RequestHead& head);
int status_of(UpgradeFault fault);
std::string_view describe(UpgradeFault fault);

}  // namespace carillon::http
