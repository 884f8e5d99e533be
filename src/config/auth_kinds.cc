#include "config/auth_kinds.h"

#include <algorithm>

#include "websocket/close_code.h"

namespace carillon::config {
namespace {

constexpr std::string_view kQuery = "query:";
constexpr std::string_view kHeader = "header:";

}  // namespace

bool is_parameter_name(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= kParameterBytesMax && std::all_of(name.begin(), name.end(), fine);
}

Result<TokenPlace> parse_token_place(std::string_view text) {
  if (text == "bearer") return TokenPlace{TokenSource::bearer, ""};
  if (text.substr(0, kQuery.size()) == kQuery) {
    const auto name = text.substr(kQuery.size());
    if (is_parameter_name(name)) return TokenPlace{TokenSource::query, std::string(name)};
    return failure(quoted(text) +
                   " names no query parameter (1 to 64 letters, digits, _ - .); write \"query:token\"");
  }
  if (text.substr(0, kHeader.size()) == kHeader) {
    const auto name = text.substr(kHeader.size());
    if (is_parameter_name(name)) return TokenPlace{TokenSource::header, std::string(name)};
    return failure(quoted(text) +
                   " names no header (1 to 64 letters, digits, _ - .); write \"header:X-API-Key\"");
  }
  return failure(quoted(text) + " is unknown; write \"bearer\", \"query:token\" or \"header:X-API-Key\"");
}

std::string TokenPlacesKind::show(const std::vector<TokenPlace>& field) const {
  std::vector<std::string> texts;
  for (const auto& place : field) {
    const std::string_view kind = place.source == TokenSource::query ? kQuery : kHeader;
    texts.push_back(place.source == TokenSource::bearer ? "bearer" : cat({kind, place.name}));
  }
  return toml_list(texts);
}

void TokenPlacesKind::read(const Place& place, Reading& reading, std::vector<TokenPlace>& field) const {
  if (place.node.kind != Node::Kind::array) {
    wrong_type(place, reading, cat({"an array such as ", example()}));
    return;
  }
  if (!fits(place, reading, kTokenPlacesMax)) return;
  const std::size_t errors = reading.report.error_count();
  std::vector<TokenPlace> all;
  for (const Place& at : items_of(place)) {
    if (at.node.kind != Node::Kind::string) {
      wrong_type(at, reading, "\"bearer\", \"query:token\" or \"header:X-API-Key\"");
      continue;
    }
    auto parsed = parse_token_place(at.node.text);
    if (parsed) {
      all.push_back(std::move(*parsed));
    } else {
      reading.fault(at, parsed.error().message);
    }
  }
  if (reading.report.error_count() == errors) field = std::move(all);
}

std::optional<std::uint16_t> CloseCodeKind::value(const Place& place, Reading& reading,
                                                  std::string_view or_off) const {
  if (place.node.kind != Node::Kind::integer) {
    wrong_type(place, reading, cat({"a close code such as 1008", or_off}));
    return std::nullopt;
  }
  const std::int64_t code = place.node.integer;
  if (code < 0 || code > 4999 || !websocket::may_be_sent(static_cast<std::uint16_t>(code))) {
    reading.fault(place,
                  cat({std::to_string(code),
                       " may not be sent in a close frame; write 1000 to 1003, 1007 to 1009, 1011 to 1014,"
                       " or 3000 to 4999",
                       or_off}));
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(code);
}

void CloseCodeKind::read(const Place& place, Reading& reading, std::uint16_t& field) const {
  if (const auto code = value(place, reading, "")) field = *code;
}

std::string OptionalCloseCodeKind::show(const std::optional<std::uint16_t>& field) const {
  return field ? inner.show(*field) : "\"off\"";
}

void OptionalCloseCodeKind::read(const Place& place, Reading& reading,
                                 std::optional<std::uint16_t>& field) const {
  if (place.node.kind == Node::Kind::string && place.node.text == "off") {
    field.reset();
  } else if (const auto code = inner.value(place, reading, ", or \"off\"")) {
    field = *code;
  }
}

}  // namespace carillon::config
