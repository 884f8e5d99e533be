#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "json/pointer.h"

namespace carillon::json {

// Outline: the positions of one JSON object's members, found in one pass, for callers that look up several of
// them. A Pointer alone scans the whole text in every find(), because the last of duplicate members counts.
//
// Pure. Thread: one. It reads the text in the first find() that needs it and keeps the positions. Allocates
// nothing. For an object with more than kMembersMax members it keeps nothing, and every find() scans.
class Outline {
 public:
  static constexpr std::size_t kMembersMax = 8;

  // `valid_json` must have passed validate(), and must outlive this and the views that find() returns.
  explicit Outline(std::string_view valid_json) : text_(valid_json) {}

  std::string_view text() const { return text_; }
  // Returns what pointer.find(text()) returns.
  std::optional<std::string_view> find(const Pointer& pointer);

 private:
  void read();
  std::optional<Value> member(std::string_view name) const;

  enum class State : std::uint8_t { unread, kept, not_kept };
  std::string_view text_;
  State state_ = State::unread;
  std::uint8_t count_ = 0;
  std::array<std::optional<Member>, kMembersMax> members_;  // the first count_ of them are valid
};

}  // namespace carillon::json
