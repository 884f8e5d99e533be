#include "recovery.h"

#include "event/position.h"
#include "gateway/resume_desk.h"

namespace carillon::simulation {
namespace {

using Problem = std::optional<std::string>;

constexpr auto kAheadMax = gateway::ResumeDesk::kAheadMax;

std::string range(std::uint64_t after, std::uint64_t until) {
  return " (after " + std::to_string(after) + ", up to " + std::to_string(until) + ")";
}

// The last events of a channel: as many as were asked for, and as many as there are.
Problem wrong_last(const NodeView& node, const Asked& asked, const Answer& answer, MonoTime now) {
  const HistoryModel& history = node.feed->history();
  const auto count = [&](std::uint64_t until) {
    return history.count(asked.profile, asked.channel, answer.begins, until);
  };
  if (count(asked.after_all) > asked.last) return "more of the last events than it has asked for";
  const std::uint64_t before = history.last_of(asked.profile, asked.channel, answer.begins);
  const std::uint64_t until = node.feed->last_number();
  if (before == 0 || count(until) >= asked.last || history.has_gap(before - 1, until)) return std::nullopt;
  const AnsweredBy by{until, now};
  if (history.may_have_lost(asked.profile, asked.channel, before - 1, by)) return std::nullopt;
  return "fewer of the last events than it has asked for, and than there are";
}

Problem wrong_recovered(const NodeView& node, const Asked& asked, const Answer& answer, MonoTime now) {
  const HistoryModel& history = node.feed->history();
  if (!node.plan.rule_of(asked.profile, asked.channel)) return "recovered, and nothing of it is retained";
  if (asked.position.empty()) return wrong_last(node, asked, answer, now);
  const auto after = number_of(asked.position, node);
  if (!after) return "recovered after a position that is none of this node";
  const std::uint64_t known = std::max(asked.after_all, answer.has_position ? answer.begins : 0);
  if (*after > node.feed->last_number()) return "recovered after a position that no event has reached";
  if (history.has_gap(*after, known)) return "recovered over a gap of the bus" + range(*after, known);
  if (history.must_have_lost(asked.profile, asked.channel, *after, {asked.after_all, asked.at})) {
    return "recovered, and the limits do not allow it" + range(*after, asked.after_all);
  }
  if (!answer.has_position) return std::nullopt;
  if (answer.begins < *after) return "recovered, and its position is before the one that it has asked for";
  if (history.count(asked.profile, asked.channel, *after, answer.begins) == 0) return std::nullopt;
  return "the position of its answer is after an event that it has missed" + range(*after, answer.begins);
}

// Without a position in the answer the history knew something between `after_all` and `begins`.
Problem wrong_reason(const NodeView& node, const Asked& asked, const Answer& answer, MonoTime now) {
  const Feed& feed = *node.feed;
  const std::uint64_t most = answer.begins;
  const std::uint64_t least = answer.has_position ? most : asked.after_all;
  const bool is_retained = node.plan.rule_of(asked.profile, asked.channel) != nullptr;
  const auto after = number_of(asked.position, node);
  if (answer.reason == "overloaded") {
    const bool was_full =
        asked.shard > 0 && node.shards[static_cast<std::size_t>(asked.shard)].full_at >= asked.at;
    return was_full ? Problem() : "overloaded, and its inbox was not full";
  }
  if (asked.position.empty()) {
    return answer.reason == "no_history" && !is_retained ? Problem() : "the last events cannot be missing";
  }
  if (answer.reason == "unknown_position") {
    if (!after) return std::nullopt;
    if (*after <= (answer.has_position ? most : feed.number_at(asked.at + kAheadMax))) {
      return "unknown, and its position is one of this node" + range(*after, most);
    }
    return now < asked.at + kAheadMax ? Problem("unknown before it was waited for") : std::nullopt;
  }
  if (!after || *after > most) return "another reason than that its position is unknown";
  if (answer.reason == "no_history")
    return is_retained ? Problem("no history, and there is one") : std::nullopt;
  if (!is_retained) return "another reason than that nothing of it is retained";
  if (answer.reason == "gap") {
    return feed.history().has_gap(*after, most) ? Problem()
                                                : "a gap, and there was none" + range(*after, most);
  }
  if (answer.reason != "evicted") return "a reason that is none: " + std::string(answer.reason);
  if (feed.history().has_gap(*after, least)) return "evicted, and there was a gap" + range(*after, least);
  const AnsweredBy by{most, std::min(now, answer.has_position ? feed.next_after(most) : now)};
  if (feed.history().may_have_lost(asked.profile, asked.channel, *after, by)) return std::nullopt;
  return "evicted, and no limit has forced it" + range(*after, most);
}

}  // namespace

std::optional<std::uint64_t> number_of(std::string_view text, const NodeView& node) {
  const auto position = parse_position(text);
  if (!position || position->epoch != node.epoch) return std::nullopt;
  return position->number;
}

Problem what_is_wrong(const NodeView& node, const Asked& asked, const Answer& answer, MonoTime now) {
  Problem problem = answer.reason.empty() ? wrong_recovered(node, asked, answer, now)
                                          : wrong_reason(node, asked, answer, now);
  if (problem) {
    *problem = "its subscription to \"" + asked.channel + "\" after \"" + asked.position + "\", last " +
               std::to_string(asked.last) + ": " + *problem;
  }
  return problem;
}

std::string any_position(Dice& dice, const NodeView& node) {
  std::string text;
  append_text({node.epoch, dice.below(static_cast<std::uint32_t>(node.feed->last_number()) + 1)}, text);
  return text;
}

std::string some_position(Dice& dice, const NodeView& node, std::string_view own) {
  static constexpr std::string_view kNone[] = {
      "1", "x", "0AAAAAAAAAAA.1", "1AAAAAAAAAAA.01", "1AAAAAAAAAAA.1", "1.1.1", "..", "1AAAAAAAAAAB.7"};
  if (!own.empty() && dice.chance(75)) return std::string(own);
  const auto last = static_cast<std::uint32_t>(node.feed->last_number());
  std::uint64_t number = 0;
  switch (dice.below(8)) {
    case 0:
      return std::string(kNone[dice.below(std::size(kNone))]);
    case 1:
      number = std::uint64_t{last} + 1 + (dice.chance(50) ? dice.below(40) : dice.below(100'000));
      break;
    case 2:
    case 3:
      return any_position(dice, node);
    default:
      number = last - std::min(last, dice.below(60));
  }
  std::string text;
  append_text({node.epoch, number}, text);
  return text;
}

}  // namespace carillon::simulation
