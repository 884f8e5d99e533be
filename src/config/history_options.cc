// Every option of [[endpoint.history]]: key, type with bounds, field, help. The default is what the field
// begins with in settings.h.
#include "config/apply.h"
#include "config/history_kind.h"
#include "config/options.h"
#include "config/show_tables.h"
#include "config/text_checks.h"
#include "config/value_kinds.h"
#include "event/channel_name.h"

namespace carillon::config {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kGiB = 1024 * 1024 * kKiB;
constexpr std::size_t kPatternsMax = 64;

void read_rule(const Place& place, Reading& reading, std::vector<HistoryRule>& rules) {
  if (place.node.kind != Node::Kind::table) {
    reading.fault(place, cat({"expected a table, got ", shape_of(place.node),
                              "; write { events = 100, age = \"5m\", bytes = \"1MiB\" }"}));
    return;
  }
  HistoryRule& rule = rules.emplace_back();
  Written written;
  apply(place.node, history_options(rule), {place.origin.source, place.key + "."}, reading, written);
}

}  // namespace

std::vector<Option> history_options(HistoryRule& rule) {
  return at_restart(std::vector<Option>{
      option(
          "channels",
          TextListKind{{"channel pattern", "\"orders.*\"", kChannelNameBytesMax, check_channel_pattern},
                       kPatternsMax},
          rule.channels,
          "channels that the limits apply to, each of which has a history of its own, as clients name them "
          "in their subscriptions; other values than [\"*\"] only with select.by = \"commands\""),
      option("events", NumberKind{1, 1'000'000}, rule.events, "maximum number of events per channel"),
      option("age", DurationKind{milliseconds(100), hours(24 * 7)}, rule.age, "maximum age of an event"),
      option("bytes", SizeKind{kKiB, kGiB}, rule.bytes,
             "maximum memory of the events of one channel, with what is needed to keep them"),
  });
}

std::string HistoryKind::type() const {
  return cat({"table, or array of at most ", std::to_string(kHistoryRulesMax),
              ", with the keys of [[endpoint.history]]"});
}

std::string HistoryKind::example() const {
  return R"([{ channels = ["*"], events = 1000, age = "5m", bytes = "1MiB" }])";
}

std::string HistoryKind::show(const std::vector<HistoryRule>& field) const {
  return show_tables(field, history_options);
}

void HistoryKind::read(const Place& place, Reading& reading, std::vector<HistoryRule>& field) const {
  std::vector<HistoryRule> rules;
  if (place.node.kind == Node::Kind::array) {
    if (!fits(place, reading, kHistoryRulesMax)) return;
    for (const Place& at : items_of(place)) read_rule(at, reading, rules);
  } else {
    read_rule(place, reading, rules);
  }
  field = std::move(rules);
}

}  // namespace carillon::config
