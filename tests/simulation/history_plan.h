// HistoryPlan: what one node's endpoints retain of their events, chosen by the dice. Each limit is small in
// some of the plans, so that a simulation of two minutes reaches it, and ample in others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "dice.h"
#include "event/channel_pattern.h"

namespace carillon::simulation {

// The profiles, in the order in which the configuration has them.
enum class Profile : std::uint8_t { orion, service, fluxora, grimnir };
inline constexpr int kProfiles = 4;
std::string_view name_of(Profile profile);

// The limits of each channel whose name matches.
struct PlannedRule {
  std::vector<std::string> channels;
  std::uint32_t events = 0;
  milliseconds age{0};
  std::uint64_t bytes = 0;

  bool applies_to(std::string_view channel) const;
};

// What the clients of an endpoint are told of the bus.
struct PlannedNotices {
  bool gap = false;     // frames.gap
  bool status = false;  // frames.degraded and frames.restored
};

struct HistoryPlan {
  std::vector<PlannedRule> rules[kProfiles];  // none: the endpoint retains nothing
  std::uint64_t bytes_max = 0;                // of the process
  std::uint32_t channels_max = 0;
  PlannedNotices notices[kProfiles];

  static HistoryPlan chosen_by(Dice& dice);

  bool retains(Profile profile) const { return !rules[static_cast<std::size_t>(profile)].empty(); }
  const PlannedNotices& notices_of(Profile profile) const {
    return notices[static_cast<std::size_t>(profile)];
  }
  // As clients name the channel; an endpoint without channels has the one channel "". Null: not retained.
  const PlannedRule* rule_of(Profile profile, std::string_view channel) const;
  // What the endpoint's table of the configuration has for it.
  std::string configuration(Profile profile) const;
};

}  // namespace carillon::simulation
