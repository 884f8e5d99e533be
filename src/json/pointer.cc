#include "json/pointer.h"

#include <charconv>

namespace carillon::json {
namespace {

// Section 4: digits, with a 0 in front only where it is all there is.
std::optional<std::size_t> array_index(std::string_view name) {
  if (name.empty() || (name.size() > 1 && name.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return index;
}

}  // namespace

Result<Pointer> Pointer::parse(std::string_view text) {
  if (text.size() > kPointerBytesMax) return failure("a JSON Pointer has at most 256 bytes here");
  Pointer pointer;
  pointer.text_ = text;
  if (text.empty()) return pointer;
  if (text.front() != '/') return failure("a JSON Pointer begins with '/', as in \"/data/id\"");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      if (pointer.tokens_.size() == kPointerTokensMax)
        return failure("a JSON Pointer has at most 32 parts here");
      pointer.tokens_.emplace_back();
      continue;
    }
    char c = text[i];
    if (c == '~') {
      ++i;
      if (i == text.size() || (text[i] != '0' && text[i] != '1')) {
        return failure("in a JSON Pointer '~' is written ~0, and '/' inside a name ~1");
      }
      c = text[i] == '0' ? '~' : '/';
    }
    pointer.tokens_.back().name += c;
  }
  for (Token& token : pointer.tokens_) token.index = array_index(token.name);
  return pointer;
}

std::optional<Value> Pointer::find_below(Value value, std::size_t from) const {
  for (std::size_t i = from; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    std::optional<Value> next;
    if (value.is(Type::object)) {
      next = value.find(token.name);
    } else if (value.is(Type::array) && token.index) {
      next = value.at(*token.index);
    }
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

std::optional<std::string_view> Pointer::find(std::string_view valid_json) const {
  const auto value = find(Value::of_valid(valid_json));
  if (!value) return std::nullopt;
  return value->raw();
}

}  // namespace carillon::json
