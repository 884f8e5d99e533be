#include "fanout/selection_index.h"

#include <algorithm>

namespace carillon::fanout {

void SelectionIndex::subscribe(SubscriberId subscriber, TagMask tags) {
  if (tags == 0) return;
  for (const Set& set : sets_) {
    if (set.tags != tags) continue;
    fan_out_.subscribe(subscriber, set.log);
    return;
  }
  if (sets_.size() < sets_max_ && fan_out_.has_room_for_log()) {
    sets_.push_back({tags, add_log()});
    fan_out_.subscribe(subscriber, sets_.back().log);
    return;
  }
  if (!mixed_) mixed_ = add_log();
  fan_out_.subscribe(subscriber, *mixed_, tags);
}

void SelectionIndex::append(const Ref<const Frame>& frame, Tag tag, MonoTime now) {
  for (const Set& set : sets_) {
    if (set.tags & mask_of(tag)) fan_out_.append(set.log, frame, now, tag);
  }
  if (mixed_) fan_out_.append(*mixed_, frame, now, tag);
}

bool SelectionIndex::end(LogId log) {
  if (fan_out_.subscribers_of(log) > 0) return false;
  if (mixed_ == log) {
    mixed_.reset();
  } else if (std::erase_if(sets_, [log](const Set& set) { return set.log == log; }) == 0) {
    return false;
  }
  fan_out_.remove_log(log);
  return true;
}

}  // namespace carillon::fanout
