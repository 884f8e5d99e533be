#include "http/request_head.h"

#include <algorithm>

#include "http/characters.h"

namespace carillon::http {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::string_view> RequestHead::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::size_t RequestHead::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), [name](const Header& header) {
    return equal_ignoring_case(header.name, name);
  }));
}

std::string RequestHead::joined(std::string_view name) const {
  std::string values;
  bool first = true;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (!first) values += ", ";
    values += header.value;
    first = false;
  }
  return values;
}

bool RequestHead::has_token(std::string_view name, std::string_view token) const {
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (equal_ignoring_case(trimmed(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

UpgradeCheck check_websocket_upgrade(const RequestHead& head) {
  if (head.method != "GET") return {UpgradeFault::not_get, {}};
  if (head.minor_version < 1) return {UpgradeFault::http_1_0, {}};
  if (!head.has_token("Connection", "upgrade") || !head.has_token("Upgrade", "websocket")) {
    return {UpgradeFault::not_an_upgrade, {}};
  }
  // Java's clients send Content-Length: 0, which is no body.
  if (head.body == BodyKind::chunked || head.content_length.value_or(0) != 0) {
    return {UpgradeFault::has_body, {}};
  }
  if (head.count("Sec-WebSocket-Version") != 1 || head.header("Sec-WebSocket-Version") != "13") {
    return {UpgradeFault::bad_version, {}};
  }
  if (head.count("Sec-WebSocket-Key") != 1 || head.header("Sec-WebSocket-Key")->empty()) {
    return {UpgradeFault::bad_key, {}};
  }
  return {UpgradeFault::none, *head.header("Sec-WebSocket-Key")};
}

int status_of(UpgradeFault fault) {
  switch (fault) {
    case UpgradeFault::none:
      return 101;
    case UpgradeFault::not_get:
      return 405;
    case UpgradeFault::not_an_upgrade:
    case UpgradeFault::bad_version:
      return 426;
    case UpgradeFault::http_1_0:
    case UpgradeFault::has_body:
    case UpgradeFault::bad_key:
      return 400;
  }
  return 400;
}

std::string_view describe(UpgradeFault fault) {
  switch (fault) {
    case UpgradeFault::none:
      return "a WebSocket upgrade";
    case UpgradeFault::not_get:
      return "a WebSocket opens with GET";
    case UpgradeFault::http_1_0:
      return "a WebSocket needs HTTP/1.1";
    case UpgradeFault::not_an_upgrade:
      return "this path speaks WebSocket: Connection: Upgrade and Upgrade: websocket are missing";
    case UpgradeFault::has_body:
      return "a WebSocket upgrade has no body";
    case UpgradeFault::bad_version:
      return "Sec-WebSocket-Version must be 13";
    case UpgradeFault::bad_key:
      return "Sec-WebSocket-Key must be there once";
  }
  return "";
}

}  // namespace carillon::http
