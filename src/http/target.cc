#include "http/target.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "http/authority.h"
#include "http/characters.h"

namespace carillon::http {
namespace {

tl::unexpected<Fault> refused(std::string_view reason) { return tl::unexpected(Fault{400, reason}); }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

bool is_known_scheme(std::string_view scheme) {
  constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "ws", "wss"};
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [scheme](std::string_view known) { return equal_ignoring_case(scheme, known); });
}

// A peer that resolves "." and ".." would see another path.
bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(end);
  }
  return false;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
      i += 2;
    }
  }
  return decoded;
}

std::optional<TargetParts> parts_of(std::string_view target) {
  TargetParts parts;
  if (!target.starts_with('/')) {
    const std::size_t colon = target.find("://");
    if (colon == std::string_view::npos || !is_known_scheme(target.substr(0, colon))) return std::nullopt;
    target.remove_prefix(colon + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    parts.authority = target.substr(0, end);
    if (!parse_authority(parts.authority)) return std::nullopt;
    target.remove_prefix(end);
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  parts.path = question == 0 ? std::string_view("/") : target.substr(0, question);
  if (question < target.size()) parts.query = target.substr(question + 1);
  return parts;
}

Result<Target, Fault> split_target(std::string_view target) {
  const auto parts = parts_of(target);
  if (!parts) return refused("the request target must be a path or an absolute http URI");
  if (target.find('#') != std::string_view::npos) return refused("a fragment in the request target");
  auto path = percent_decoded(parts->path, Plus::literal);
  if (!path) return refused("a broken percent escape in the path");
  if (std::any_of(path->begin(), path->end(), is_control)) return refused("a control character in the path");
  // As many slashes after decoding as before: none came out of an escape.
  if (std::count(path->begin(), path->end(), '/') !=
      std::count(parts->path.begin(), parts->path.end(), '/')) {
    return refused("an encoded slash in the path");
  }
  if (path->find('\\') != std::string::npos) return refused("a backslash in the path");
  if (has_dot_segment(*path)) return refused("a dot segment in the path");
  if (!is_valid_utf8(*path)) return refused("the path is not UTF-8");
  return Target{std::move(*path), *parts};
}

std::optional<QueryParameters> QueryParameters::parse(std::string_view query) {
  QueryParameters parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (piece.empty()) continue;
    const std::size_t seen = parameters.entries_.size() + parameters.unreadable_.size();
    if (seen == kParametersMax) return std::nullopt;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto name = percent_decoded(piece.substr(0, equals), Plus::space);
    auto value = percent_decoded(piece.substr(std::min(equals + 1, piece.size())), Plus::space);
    if (name && value) {
      parameters.entries_.emplace_back(std::move(*name), std::move(*value));
    } else {
      parameters.unreadable_.push_back(std::move(name).value_or(""));
    }
  }
  return parameters;
}

bool QueryParameters::is_readable(std::string_view name) const {
  return std::find(unreadable_.begin(), unreadable_.end(), name) == unreadable_.end();
}

std::optional<std::string_view> QueryParameters::first(std::string_view name) const {
  for (const auto& [entry_name, value] : entries_) {
    if (entry_name == name) return value;
  }
  return std::nullopt;
}

std::size_t QueryParameters::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(),
                                                [name](const auto& entry) { return entry.first == name; }));
}

std::vector<std::string_view> QueryParameters::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [entry_name, value] : entries_) {
    if (entry_name == name) values.push_back(value);
  }
  return values;
}

}  // namespace carillon::http
