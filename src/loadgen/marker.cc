#include "loadgen/marker.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace carillon::loadgen {

Marker::Marker(std::string text) : text_(std::move(text)), fallback_(text_.size() + 1) {
  CARILLON_ASSERT(!text_.empty() && text_.size() <= kBytesMax);
  std::size_t matched = 0;
  for (std::size_t i = 1; i < text_.size(); ++i) {
    while (matched > 0 && text_[i] != text_[matched]) matched = fallback_[matched];
    if (text_[i] == text_[matched]) ++matched;
    fallback_[i + 1] = static_cast<std::uint8_t>(matched);
  }
}

std::uint32_t Marker::step_through(std::string_view bytes, std::uint8_t& matched) const {
  std::uint32_t found = 0;
  for (const char byte : bytes) {
    while (matched > 0 && byte != text_[matched]) matched = fallback_[matched];
    if (byte == text_[matched]) ++matched;
    if (matched == text_.size()) {
      ++found;
      matched = 0;
    }
  }
  return found;
}

std::uint32_t Marker::count(std::string_view bytes, std::uint8_t& matched) const {
  // What began in earlier bytes ends, or turns out to be none, within one length of the text.
  const std::size_t head = matched > 0 ? std::min(bytes.size(), text_.size()) : 0;
  std::uint32_t found = step_through(bytes.substr(0, head), matched);
  bytes.remove_prefix(head);
  if (matched > 0 || bytes.empty()) return found + step_through(bytes, matched);
  for (std::size_t at = bytes.find(text_); at != std::string_view::npos; at = bytes.find(text_)) {
    ++found;
    bytes.remove_prefix(at + text_.size());
  }
  const std::size_t tail = std::min(bytes.size(), text_.size() - 1);
  return found + step_through(bytes.substr(bytes.size() - tail), matched);
}

std::optional<std::uint64_t> NumberFinder::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    const char byte = bytes.front();
    if (in_digits_ && byte >= '0' && byte <= '9') {
      number_ = number_ * 10 + static_cast<std::uint64_t>(byte - '0');
    } else if (in_digits_) {
      in_digits_ = false;  // the byte is looked at again: it may begin the next name
      return std::exchange(number_, 0);
    } else {
      // A quote is the only byte that the name holds twice: behind `"n"` a new one may have begun.
      if (byte != kName[matched_]) matched_ = matched_ == 3 ? 1 : 0;
      if (byte == kName[matched_]) {
        ++matched_;
      } else {
        matched_ = byte == kName[0] ? 1 : 0;
      }
      if (matched_ == kName.size()) {
        matched_ = 0;
        in_digits_ = true;
      }
    }
    bytes.remove_prefix(1);
  }
  return std::nullopt;
}

}  // namespace carillon::loadgen
