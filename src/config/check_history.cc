// What takes two settings of an endpoint's history to judge.
#include <algorithm>
#include <string>

#include "config/check.h"
#include "config/text.h"

namespace carillon::config {
namespace {

constexpr std::string_view kNeedsHistory =
    "has no use without a history; write history = { events = 100, age = \"5m\" }";

class HistoryCheck {
 public:
  HistoryCheck(const EndpointSettings& endpoint, const std::string& prefix, Report& report)
      : e_(endpoint), prefix_(prefix), report_(report) {}

  void all() {
    if (!e_.history.empty()) history();
    if (e_.history.empty()) {
      if (!e_.commands.position.empty()) fault("commands.subscribe.position", kNeedsHistory);
      if (!e_.commands.last.empty()) fault("commands.subscribe.last", kNeedsHistory);
      if (!e_.resume.parameter.empty()) fault("resume.parameter", kNeedsHistory);
      if (!e_.commands.history.is.empty()) fault("commands.history.is", kNeedsHistory);
    }
    told();
    command();
    if (!e_.resume.parameter.empty() && e_.select.by == SelectBy::commands && !e_.streams.has_streams()) {
      fault(
          "resume.parameter",
          "has no use where clients subscribe by command; write commands.subscribe.position = \"/position\"");
    }
    if (e_.lag.policy == LagPolicy::skip && e_.frames.gap.empty()) {
      fault("lag.policy",
            "\"skip\" needs a frame that reports the gap to the client, and this protocol has none; write "
            "frames.gap, or \"disconnect\"");
    }
    if (e_.lag.policy == LagPolicy::latest) latest();
    lag_overrides();
    if (e_.source.on_gap == OnGap::report && e_.frames.gap.empty()) {
      fault("source.on_gap",
            "\"report\" needs a frame that reports the gap to the client, and this protocol has none; write "
            "frames.gap, or \"close\"");
    }
    if (e_.frames.degraded.empty() && !e_.frames.restored.empty()) {
      report_.warning(
          e_.origin_of("frames.restored"), cat({prefix_, ".frames.restored"}),
          "is only sent to clients that have been sent frames.degraded; write frames.degraded too");
    }
  }

 private:
  void fault(std::string_view key, std::string_view message) {
    if (report_.has_error_at(cat({prefix_, ".", key}))) return;  // reported when it was read
    report_.error(e_.origin_of(key), cat({prefix_, ".", key}), message);
  }

  // A client that asks for what it missed must be told when it does not get all of it.
  void told() {
    if (e_.history.empty() || !e_.frames.gap.empty()) return;
    if (!e_.resume.parameter.empty() && e_.select.by != SelectBy::commands) {
      fault("resume.parameter",
            "needs a frame that reports events that are not retained any more; write frames.gap");
    }
    const bool asks = !e_.commands.position.empty() || !e_.commands.last.empty();
    const bool is_told =
        e_.acks == Switch::on && e_.commands.subscribe.reply.find("$recovered") != std::string::npos;
    if (e_.streams.has_streams() && !(is_told && e_.select.by == SelectBy::commands)) {
      fault(
          "history",
          "clients of event streams resume by themselves, and need a frame that reports events that are not "
          "retained any more; write frames.gap");
    }
    if (asks && !is_told) {
      fault(e_.commands.position.empty() ? "commands.subscribe.last" : "commands.subscribe.position",
            "needs an answer that reports events that are not retained any more; write $recovered in "
            "commands.subscribe.reply with acks = \"on\", or frames.gap");
    }
  }

  void command() {
    const auto& history = e_.commands.history;
    if (history.is.empty()) return;
    if (e_.select.by != SelectBy::commands) {
      fault("commands.history.is", "has no use without channels to choose; write select.by = \"commands\"");
      return;
    }
    if (history.channel.empty()) {
      fault("commands.history.channel",
            "is missing; write the position of the channel, such as \"/channel\"");
    }
    if (history.reply.find("$events") == std::string::npos) {
      fault("commands.history.reply", "does not have the events; write them as $events");
    } else if (history.reply.find("$recovered") == std::string::npos) {
      fault("commands.history.reply", "does not say when events are not retained any more; write $recovered");
    }
  }

  // The newest event is that of a log, and only channels that clients subscribe to have logs of their own.
  void latest() {
    if (e_.select.by != SelectBy::commands) {
      fault("lag.policy",
            "\"latest\" sends the newest event of each channel, and the clients of this endpoint do not "
            "subscribe to channels; write \"skip\", or select.by = \"commands\"");
    } else if (!e_.source.broadcast.empty()) {
      fault("lag.policy",
            "\"latest\" sends the newest event of each channel, and the events of source.broadcast belong to "
            "no channel of a client; write \"skip\", or leave source.broadcast out");
    }
  }

  // Each channel that clients subscribe to has a log, whose rule may be another one.
  void lag_overrides() {
    const auto& overrides = e_.lag.overrides;
    if (overrides.empty()) return;
    if (e_.select.by != SelectBy::commands) {
      fault("lag.overrides",
            "have no use where clients do not subscribe to channels; write lag.policy for all events, or "
            "select.by = \"commands\"");
      return;
    }
    for (std::size_t i = 0; i < overrides.size(); ++i) {
      if (overrides[i].policy != LagPolicy::skip || !e_.frames.gap.empty()) continue;
      const std::string key = cat({prefix_, ".lag.overrides[", std::to_string(i), "].policy"});
      if (report_.has_error_at(key)) continue;
      report_.error(overrides[i].origin, key,
                    "\"skip\" needs a frame that reports the gap to the client, and this protocol has none; "
                    "write frames.gap, or \"latest\"");
    }
  }

  // Values that are not known beforehand have a log each, and logs are not sent in the order of their events:
  // one position in the query could not say what a client of several values has. A path selects a single one.
  void open_values() {
    if (!e_.select.by_values() || !e_.select.known.empty() || e_.select.by == SelectBy::path) return;
    fault("history",
          "clients may select several values of any kind, and one position does not say what they have of "
          "each; "
          "write select.known, or select.by = \"commands\" with commands.subscribe.position");
  }

  void history() {
    open_values();
    if (e_.frames.event.empty()) {
      fault("history", "this endpoint has no events to retain; write frames.event, or leave it out");
    }
    if (e_.select.by == SelectBy::commands) return;
    const auto is_for_all = [](const HistoryRule& rule) {
      return rule.channels == std::vector<std::string>{"*"};
    };
    if (e_.history.size() > 1 || !is_for_all(e_.history.front())) {
      fault("history",
            "an endpoint whose clients do not subscribe to channels has one history; write one table without "
            "channels");
    }
  }

  const EndpointSettings& e_;
  const std::string& prefix_;
  Report& report_;
};

}  // namespace

void check_history(const EndpointSettings& endpoint, const std::string& prefix, Report& report) {
  HistoryCheck(endpoint, prefix, report).all();
}

}  // namespace carillon::config
