#include "http/target.h"

#include <algorithm>

#include "base/utf8.h"
#include "http/characters.h"

namespace carillon::http {
namespace {

tl::unexpected<Fault> refused(std::string_view reason) { return tl::unexpected(Fault{400, reason}); }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

// "." and ".." would mean another path to whoever resolves them.
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

Result<Target, Fault> split_target(std::string_view target) {
  if (!target.starts_with('/')) return refused("the request target must be a path");
  if (target.find('#') != std::string_view::npos) return refused("a fragment in the request target");
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view raw_path = target.substr(0, question);
  auto path = percent_decoded(raw_path, Plus::literal);
  if (!path) return refused("a broken percent escape in the path");
  if (std::any_of(path->begin(), path->end(), is_control)) return refused("a control character in the path");
  // As many slashes after decoding as before: none came out of an escape.
  if (std::count(path->begin(), path->end(), '/') != std::count(raw_path.begin(), raw_path.end(), '/')) {
    return refused("an encoded slash in the path");
  }
  if (path->find('\\') != std::string::npos) return refused("a backslash in the path");
  if (has_dot_segment(*path)) return refused("a dot segment in the path");
  if (!is_valid_utf8(*path)) return refused("the path is not UTF-8");
  const std::string_view query = question < target.size() ? target.substr(question + 1) : std::string_view{};
  return Target{std::move(*path), query};
}

std::optional<QueryParameters> QueryParameters::parse(std::string_view query) {
  QueryParameters parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (piece.empty()) continue;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto name = percent_decoded(piece.substr(0, equals), Plus::space);
    auto value = percent_decoded(piece.substr(std::min(equals + 1, piece.size())), Plus::space);
    if (!name || !value || parameters.entries_.size() == kParametersMax) return std::nullopt;
    parameters.entries_.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
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
