// Every option of lag.* and [[endpoint.lag.overrides]]: key, type with bounds, field, help. The default is
// what the field begins with in settings.h.
#include "config/apply.h"
#include "config/auth_kinds.h"
#include "config/lag_kind.h"
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

WordKind<LagPolicy> policy_kind() {
  return {{{"disconnect", LagPolicy::disconnect}, {"skip", LagPolicy::skip}, {"latest", LagPolicy::latest}}};
}

constexpr AutoKind<SizeKind> kBytesMax{{kKiB, kGiB}};

void read_override(const Place& place, Reading& reading, std::vector<LagOverride>& overrides) {
  if (place.node.kind != Node::Kind::table) {
    reading.fault(place, cat({"expected a table, got ", shape_of(place.node),
                              "; write { channels = [\"ticks.*\"], policy = \"latest\" }"}));
    return;
  }
  LagOverride& made = overrides.emplace_back();
  Written written;
  apply(place.node, lag_override_options(made), {place.origin.source, place.key + "."}, reading, written);
  const auto fault = [&](std::string_view key, std::string_view message) {
    const std::string full = cat({place.key, ".", key});
    if (reading.report.has_error_at(full)) return;  // reported when it was read
    reading.report.error(origin_in(written, key, place.origin), full, message);
  };
  made.origin = origin_in(written, "policy", place.origin);
  if (made.channels.empty()) {
    fault("channels", "has no pattern; write the channels that it is for, such as [\"ticks.*\"]");
  }
  if (!is_written(written, "policy")) {
    fault("policy", "is missing; write \"disconnect\", \"skip\" or \"latest\"");
  } else if (made.policy == LagPolicy::disconnect && made.bytes_max != 0) {
    fault("bytes_max",
          "has no use with \"disconnect\", because the channels that close a client count together; write "
          "lag.bytes_max, or \"skip\" or \"latest\"");
  }
}

}  // namespace

std::vector<Option> lag_options(EndpointSettings& e) {
  return {
      option(
          "lag.policy", policy_kind(), e.lag.policy,
          "what happens to a client that falls too far behind: it is closed; or it is not sent the "
          "events over lag.bytes_max, with frames.gap in their place (\"skip\"); or of each channel where it "
          "is that far behind it is sent the newest event only, with frames.gap before it where the protocol "
          "has one (\"latest\", with select.by = \"commands\")"),
      option("lag.bytes_max", SizeKind{1 * kKiB, kGiB}, e.lag.bytes_max,
             "backlog of a client that is tolerated for longer than lag.grace"),
      option("lag.grace", DurationKind{milliseconds(10), hours(1)}, e.lag.grace,
             "how long a client may be more than lag.bytes_max behind without catching up"),
      option("lag.age_max", DurationKind{milliseconds(10), hours(1)}, e.lag.age_max,
             "maximum age of the oldest unsent byte of a client that is not catching up"),
      option("lag.close_code", CloseCodeKind{}, e.lag.close.code, "close code for a client that lags"),
      option("lag.close_reason", close_reason_kind("\"Slow consumer\""), e.lag.close.reason,
             "close reason that goes with lag.close_code"),
      option(
          "lag.overrides", LagOverridesKind{}, e.lag.overrides,
          "other policies for some channels, with select.by = \"commands\"; the first table that matches a "
          "channel counts, and a channel that none matches has lag.policy"),
  };
}

std::vector<Option> lag_override_options(LagOverride& of) {
  return {
      option("channels",
             TextListKind{{"channel pattern", "\"ticks.*\"", kChannelNameBytesMax, check_channel_pattern},
                          kPatternsMax},
             of.channels,
             "channels that the policy is for, as clients name them in their subscriptions; at least one "
             "pattern"),
      with_default(
          option(
              "policy", policy_kind(), of.policy,
              "what happens to a client that is too far behind in one of these channels, as in lag.policy. "
              "Channels with \"skip\" or \"latest\" never count towards the backlog for which a client is "
              "closed; those with \"disconnect\" count together, against lag.bytes_max, lag.grace and "
              "lag.age_max"),
          "none: it must be given"),
      option("bytes_max", kBytesMax, of.bytes_max,
             "with \"skip\" and \"latest\": backlog of one channel from which events are skipped; \"auto\": "
             "lag.bytes_max"),
  };
}

std::string LagOverridesKind::type() const {
  return cat({"array of at most ", std::to_string(kLagOverridesMax),
              " tables, with the keys of [[endpoint.lag.overrides]]"});
}

std::string LagOverridesKind::example() const {
  return R"([{ channels = ["ticks.*"], policy = "latest", bytes_max = "64KiB" }])";
}

std::string LagOverridesKind::show(const std::vector<LagOverride>& field) const {
  return show_tables(field, lag_override_options);
}

void LagOverridesKind::read(const Place& place, Reading& reading, std::vector<LagOverride>& field) const {
  if (place.node.kind != Node::Kind::array) {
    wrong_type(place, reading, cat({"an array such as ", example()}));
    return;
  }
  if (!fits(place, reading, kLagOverridesMax)) return;
  std::vector<LagOverride> overrides;
  for (const Place& at : items_of(place)) read_override(at, reading, overrides);
  field = std::move(overrides);
}

}  // namespace carillon::config
