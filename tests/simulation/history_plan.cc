#include "history_plan.h"

#include <algorithm>

namespace carillon::simulation {
namespace {

constexpr std::uint64_t kAmpleBytes = 1024 * 1024;
constexpr std::uint32_t kAmpleEvents = 1000;

// One of the limits is small, or none.
PlannedRule rule_for(Dice& dice, std::vector<std::string> channels) {
  PlannedRule rule{std::move(channels), kAmpleEvents, milliseconds(dice.between(8, 20) * 1000), kAmpleBytes};
  switch (dice.below(5)) {
    case 0:
      rule.events = dice.between(1, 12);
      break;
    case 1:
      rule.age = milliseconds(dice.between(200, 4000));
      break;
    case 2:
      rule.bytes = dice.between(1024, 6000);
      break;
    default:
      break;
  }
  return rule;
}

// What every protocol has whose clients get positions with their events.
constexpr std::string_view kOfAll =
    "keepalive.frame = \"2s\"\nframes.ping = '{\"type\":\"ping\",\"position\":$position}'\n";
constexpr std::string_view kOfRequests =
    "resume.parameter = \"position\"\nframes.open = '{\"open\":$position}'\n";
constexpr std::string_view kOfGaps =
    "frames.gap = '{\"gap\":$channel,\"count\":$count,\"before\":$before,\"after\":$after,"
    "\"reason\":$reason}'\n";
constexpr std::string_view kOfStatus =
    "frames.degraded = '{\"bus\":\"degraded\"}'\nframes.restored = '{\"bus\":\"restored\"}'\n";
constexpr std::string_view kOfCommands =
    "frames.event = '{\"type\":$body/type,\"data\":$body/data,\"position\":$position,"
    "\"timestamp\":$time_s}'\n"
    "commands.subscribe.position = \"/data/position\"\ncommands.subscribe.last = \"/data/last\"\n"
    "commands.subscribe.reply = '{\"type\":\"subscribed\",\"data\":{\"channel\":$channel,"
    "\"position\":$position,\"recovered\":$recovered,\"reason\":$reason}}'\n";

std::string_view lines_of(Profile profile) {
  switch (profile) {
    case Profile::orion:
      return "frames.event = '{\"channel\":$channel,\"payload\":$body,\"position\":$position,"
             "\"timestamp\":$time_s}'\n";
    case Profile::service:
      return kOfCommands;
    case Profile::grimnir:
      return "frames.event = '{\"type\":$*,\"payload\":$body,\"position\":$position}'\n";
    case Profile::fluxora:
      break;
  }
  return {};
}

std::string text_of(const PlannedRule& rule) {
  std::string channels;
  for (const std::string& each : rule.channels) channels += (channels.empty() ? "\"" : ", \"") + each + "\"";
  const std::string of_channels = channels.empty() ? "" : "channels = [" + channels + "], ";
  return "{ " + of_channels + "events = " + std::to_string(rule.events) + ", age = \"" +
         std::to_string(rule.age.count()) + "ms\", bytes = " + std::to_string(rule.bytes) + " }";
}

}  // namespace

std::string_view name_of(Profile profile) {
  switch (profile) {
    case Profile::orion:
      return "orion";
    case Profile::service:
      return "service";
    case Profile::fluxora:
      return "fluxora";
    case Profile::grimnir:
      return "grimnir";
  }
  return "?";
}

bool PlannedRule::applies_to(std::string_view channel) const {
  return channels.empty() || std::any_of(channels.begin(), channels.end(), [&](const std::string& each) {
           return ChannelPattern::parse(each)->match(channel).has_value();
         });
}

HistoryPlan HistoryPlan::chosen_by(Dice& dice) {
  HistoryPlan plan;
  for (const Profile each : {Profile::orion, Profile::grimnir}) {
    if (dice.chance(70)) plan.rules[static_cast<std::size_t>(each)].push_back(rule_for(dice, {}));
  }
  auto& of_channels = plan.rules[static_cast<std::size_t>(Profile::service)];
  if (dice.chance(80)) {
    of_channels.push_back(rule_for(dice, {"c0", "c1", "conversation:*"}));
    if (dice.chance(60)) of_channels.push_back(rule_for(dice, {"*"}));
  }
  for (int i = 0; i < kProfiles; ++i) {
    const auto profile = static_cast<Profile>(i);
    // Without the frame nothing would tell a client that its request is not answered completely.
    const bool is_needed = plan.retains(profile) && profile != Profile::service;
    plan.notices[i] = {is_needed || dice.chance(50), dice.chance(50)};
  }
  plan.bytes_max = dice.chance(30) ? dice.between(1000, 30'000) : kAmpleBytes * 64;
  plan.channels_max = dice.chance(25) ? dice.between(1, 5) : 1000;
  return plan;
}

const PlannedRule* HistoryPlan::rule_of(Profile profile, std::string_view channel) const {
  const auto& of_profile = rules[static_cast<std::size_t>(profile)];
  const auto found = std::find_if(of_profile.begin(), of_profile.end(),
                                  [&](const PlannedRule& each) { return each.applies_to(channel); });
  return found == of_profile.end() ? nullptr : &*found;
}

std::string HistoryPlan::configuration(Profile profile) const {
  std::string text;
  if (notices_of(profile).gap) text += kOfGaps;
  if (notices_of(profile).status) text += kOfStatus;
  if (!retains(profile)) return text;
  std::string rules_text;
  for (const PlannedRule& each : rules[static_cast<std::size_t>(profile)]) {
    rules_text += (rules_text.empty() ? "" : ", ") + text_of(each);
  }
  text += kOfAll;
  text += lines_of(profile);
  if (profile != Profile::service) text += kOfRequests;
  return text + "resume.timeout = \"3s\"\nhistory = [" + rules_text + "]\n";
}

}  // namespace carillon::simulation
