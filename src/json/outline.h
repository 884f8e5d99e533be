#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "json/pointer.h"

namespace carillon::json {

// Outline: the positions of one JSON object's members, found in one pass, for callers that look several of
// them up. A Pointer by itself scans the whole text at every find(), because of duplicate members the last
// one counts.
//
// Pure. Thread: one; reads the text at the first find() that needs it, and then keeps what it saw. Allocates
// nothing. Of an object with more than kMembersMax members it keeps nothing, and every find() scans.
class Outline {
 public:
  static constexpr std::size_t kMembersMax = 8;

  // `valid_json` must have passed validate(), and must outlive this and the views that find() returns.
  explicit Outline(std::string_view valid_json) : text_(valid_json) {}

  std::string_view text() const { return text_; }
  // What pointer.find(text()) finds.
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
