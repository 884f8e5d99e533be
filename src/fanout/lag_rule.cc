#include "fanout/lag_rule.h"

#include <algorithm>

namespace carillon::fanout {

PolicyId ChannelPolicies::of(std::string_view channel) const {
  for (const Entry& each : entries_) {
    if (each.pattern.match(channel)) return each.policy;
  }
  return otherwise_;
}

bool ChannelPolicies::operator==(const ChannelPolicies& other) const {
  return otherwise_ == other.otherwise_ &&
         std::equal(entries_.begin(), entries_.end(), other.entries_.begin(), other.entries_.end(),
                    [](const Entry& one, const Entry& another) {
                      return one.policy == another.policy && one.pattern.text() == another.pattern.text();
                    });
}

}  // namespace carillon::fanout
