#include "loadgen/text_template.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace carillon::loadgen {
namespace {

using namespace std::string_view_literals;

constexpr std::array kClientNames{"i"sv};
constexpr std::array kBodyNames{"n"sv, "pad"sv};

}  // namespace

TextTemplate::TextTemplate(std::string_view text, std::span<const std::string_view> names) {
  pieces_.emplace_back();
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    pieces_.back().text += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    std::size_t best = kNone;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (text.starts_with(names[i]) && (best == kNone || names[i].size() > names[best].size())) best = i;
    }
    if (best == kNone) {
      pieces_.back().text += '$';
      if (text.starts_with('$')) text.remove_prefix(1);
    } else {
      text.remove_prefix(names[best].size());
      pieces_.back().name = best;
      pieces_.emplace_back();
    }
  }
}

void TextTemplate::append(std::string& out, std::span<const std::string_view> values) const {
  for (const Piece& piece : pieces_) {
    out += piece.text;
    if (piece.name != kNone) out += values[piece.name];
  }
}

bool TextTemplate::uses(std::size_t name) const {
  return std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.name == name; });
}

std::size_t TextTemplate::own_bytes() const {
  std::size_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += piece.text.size();
  return bytes;
}

ClientTemplate::ClientTemplate(std::string_view text) : template_(text, kClientNames) {}

std::string ClientTemplate::of(std::uint64_t client) const {
  std::string out;
  const std::string number = std::to_string(client);
  const std::array<std::string_view, 1> values{number};
  template_.append(out, values);
  return out;
}

EventBody::EventBody(std::string_view text, std::size_t bytes)
    : template_(text, kBodyNames), padding_(bytes, 'x'), bytes_(bytes) {}

void EventBody::append(std::string& out, std::uint64_t n) const {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), n).ptr;
  const std::string_view number(digits.begin(), end);
  const std::size_t begin = out.size();
  std::array<std::string_view, 2> values{number, {}};
  template_.append(out, values);
  const std::size_t bare = out.size() - begin;
  if (bare >= bytes_ || !template_.uses(1)) return;
  out.resize(begin);
  values[1] = std::string_view(padding_).substr(0, bytes_ - bare);
  template_.append(out, values);
}

}  // namespace carillon::loadgen
