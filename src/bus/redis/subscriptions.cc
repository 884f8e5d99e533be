#include "bus/redis/subscriptions.h"

#include <algorithm>
#include <utility>

namespace carillon::bus {
namespace {

std::string escaped_glob(std::string_view pattern) {
  std::string glob;
  for (const char c : pattern) {
    if (c == '?' || c == '[' || c == ']' || c == '\\') glob += '\\';
    glob += c;
  }
  return glob;
}

}  // namespace

Subscriptions::Subscriptions(const std::vector<ChannelPattern>& patterns, std::string_view node_id,
                             std::string followed)
    : probe_channel_(std::string(kProbePrefix) + std::string(node_id)), followed_(std::move(followed)) {
  for (const auto& pattern : patterns) {
    const auto same = [&](const Entry& entry) { return entry.pattern.text() == pattern.text(); };
    if (std::any_of(entries_.begin(), entries_.end(), same)) continue;
    // A reserved name would be asked for twice, and its second answer mistaken.
    if (!pattern.has_star() && pattern.text().starts_with(kProbePrefix)) continue;
    entries_.push_back({pattern, pattern.has_star() ? escaped_glob(pattern.text()) : std::string()});
    if (pattern.has_star()) {
      requests_.push_back({Command::psubscribe, entries_.back().glob});
    } else {
      requests_.push_back({Command::subscribe, pattern.text()});
    }
  }
}

Subscriptions::Verdict Subscriptions::judge_by_glob(std::string_view glob, std::string_view channel) const {
  return judge(glob, channel);
}

Subscriptions::Verdict Subscriptions::judge_by_name(std::string_view channel) const {
  return judge({}, channel);
}

Subscriptions::Verdict Subscriptions::judge(std::string_view glob, std::string_view channel) const {
  if (channel.starts_with(kProbePrefix)) return Verdict::reserved;
  for (const auto& entry : entries_) {
    if (!entry.pattern.match(channel)) continue;
    return entry.glob == glob ? Verdict::deliver : Verdict::duplicate;
  }
  return Verdict::duplicate;
}

}  // namespace carillon::bus
