#include "json/outline.h"

namespace carillon::json {

std::optional<std::string_view> Outline::find(const Pointer& pointer) {
  if (pointer.tokens_.empty()) return pointer.find(text_);
  if (state_ == State::unread) read();
  if (state_ == State::not_kept) return pointer.find(text_);
  const auto first = member(pointer.tokens_.front().name);
  const auto found = first ? pointer.find_below(*first, 1) : std::nullopt;
  return found ? std::optional(found->raw()) : std::nullopt;
}

void Outline::read() {
  const Value document = Value::of_valid(text_);
  state_ = document.is(Type::object) ? State::kept : State::not_kept;
  for (const Member& member : document.members()) {
    if (count_ == kMembersMax) {
      state_ = State::not_kept;
      return;
    }
    members_[count_++] = member;
  }
}

std::optional<Value> Outline::member(std::string_view name) const {
  for (std::size_t i = count_; i-- > 0;) {
    if (members_[i]->named(name)) return members_[i]->value;
  }
  return std::nullopt;
}

}  // namespace carillon::json
