#include "streams.h"

#include <algorithm>

namespace carillon::simulation {

std::size_t Stream::first_from(std::uint64_t order) const {
  const auto found =
      std::lower_bound(list_->begin(), list_->end(), order,
                       [](const FeedEntry& entry, std::uint64_t wanted) { return entry.order < wanted; });
  return static_cast<std::size_t>(found - list_->begin());
}

bool Stream::accept(std::uint32_t serial, std::uint64_t number) {
  std::vector<std::size_t> next;
  if (accepted_ == 0) {
    for (std::size_t i = first_from(earliest_); i < list_->size(); ++i) {
      const FeedEntry& entry = (*list_)[i];
      if (entry.serial == 0 && ends_at_gap_ && entry.order >= latest_) break;
      if (!concerns(entry)) continue;
      if (is_same(entry, serial, number)) next.push_back(i + 1);
      if (entry.order >= latest_) break;  // this one must come, so none after it can be the first
    }
  }
  for (const std::size_t from : next_) {
    for (std::size_t i = from; i < list_->size(); ++i) {
      const FeedEntry& entry = (*list_)[i];
      if (entry.serial == 0 && ends_at_gap_) break;
      if (!concerns(entry)) continue;
      if (is_same(entry, serial, number)) next.push_back(i + 1);
      break;
    }
  }
  if (next.empty()) return false;
  next_ = std::move(next);
  ++accepted_;
  return true;
}

std::pair<std::uint64_t, std::uint64_t> Stream::last_orders() const {
  const auto [first, last] = std::minmax_element(next_.begin(), next_.end());
  return {(*list_)[*first - 1].order, (*list_)[*last - 1].order};
}

bool Stream::has_all(std::uint64_t until) const {
  const auto nothing_from = [&](std::size_t from) {
    for (std::size_t i = from; i < list_->size() && (*list_)[i].order < until; ++i) {
      if (concerns((*list_)[i])) return false;
    }
    return true;
  };
  if (accepted_ == 0) return nothing_from(first_from(latest_));
  return std::any_of(next_.begin(), next_.end(), nothing_from);
}

}  // namespace carillon::simulation
