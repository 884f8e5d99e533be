#include "fanout/notices.h"

#include <algorithm>
#include <utility>

namespace carillon::fanout {

bool Notices::announce(Announcement announcement) {
  std::vector<std::string>& frames = frames_[static_cast<std::size_t>(announcement.what)];
  if (announcement.what != Notice::gap) {
    const bool degraded = announcement.what == Notice::degraded;
    if (degraded == is_degraded_) return false;
    is_degraded_ = degraded;
    frames = std::move(announcement.frames);
  } else if (gaps_owed_ == 0) {
    gap_number_ = announcement.number;
    frames = std::move(announcement.frames);
  } else {
    frames.resize(std::max(frames.size(), announcement.frames.size()));
    for (std::size_t i = 0; i < announcement.frames.size(); ++i) {
      if (frames[i].empty()) frames[i] = std::move(announcement.frames[i]);
    }
  }
  walking_ = true;
  walked_ = 0;
  return true;
}

void Notices::owe(OwedNotices& owed, Notice what, bool wants) {
  switch (what) {
    case Notice::gap:
      if (!wants) return;
      if (!owed.gap) ++gaps_owed_;
      owed.gap = owed.any = true;
      return;
    case Notice::degraded:
      if (wants) owed.any = true;
      return;
    case Notice::restored:
      if (owed.told_degraded) owed.any = true;
      return;
    case Notice::count:
      return;
  }
}

void Notices::greet(OwedNotices& owed, GroupId group) const {
  owed.any = is_degraded_ && !frame(Notice::degraded, group).empty();
}

// A gap before the status that follows it: in an interruption first `degraded`, then the gap, then
// `restored`.
std::optional<Notice> Notices::next_for(const OwedNotices& owed) const {
  if (is_degraded_ && !owed.told_degraded) return Notice::degraded;
  if (owed.gap) return Notice::gap;
  if (!is_degraded_ && owed.told_degraded) return Notice::restored;
  return std::nullopt;
}

void Notices::told(OwedNotices& owed, Notice what) {
  if (what == Notice::gap) {
    owed.gap = false;
    --gaps_owed_;
  } else {
    owed.told_degraded = what == Notice::degraded;
  }
}

void Notices::forget(OwedNotices& owed) {
  if (owed.gap) --gaps_owed_;
  owed.gap = owed.any = false;
}

std::string_view Notices::frame(Notice what, GroupId group) const {
  const std::vector<std::string>& frames = frames_[static_cast<std::size_t>(what)];
  return group < frames.size() ? std::string_view(frames[group]) : std::string_view();
}

}  // namespace carillon::fanout
