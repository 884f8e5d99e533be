#include "app/process/signal_policy.h"

#include <unistd.h>

namespace carillon::app {
namespace {

constexpr int kExitInterrupted = 130;
constexpr seconds kIgnoredSignalLogEvery{1};

}  // namespace

Result<std::monostate> SignalPolicy::watch() {
  auto signals = Signals::watch(parts_.gateway.main_loop(), [this](int signal) { on_signal(signal); });
  if (!signals) return tl::unexpected(signals.error());
  signals_ = std::move(*signals);
  return std::monostate{};
}

void SignalPolicy::hand_over() {
  told_to_stop_ = true;
  begin_drain("handover", gateway::DrainKind::handover, configured_times());
}

void SignalPolicy::make_way(const gateway::DrainTimes& times) {
  begin_drain("new start", gateway::DrainKind::handover, times);
}

void SignalPolicy::on_signal(int signal) {
  switch (meaning_of(signal)) {
    case SignalMeaning::drain:
      return drain_by(signal);
    case SignalMeaning::hangup:
      if (parts_.hangup == Hangup::drains) return drain_by(signal);
      if (parts_.reloader) return parts_.reloader->reload("SIGHUP", gateway::Node::Removed::stay, {});
      return ignore(signal);
    case SignalMeaning::none:
      return ignore(signal);
  }
}

// A drain for a new start is not the user's: the first signal that comes during it waits for its end.
void SignalPolicy::drain_by(int signal) {
  if (told_to_stop_) ::_exit(kExitInterrupted);
  told_to_stop_ = true;
  parts_.manager.report_stopping();
  if (draining_) return;
  begin_drain(name_of_signal(signal), gateway::DrainKind::shutdown, configured_times());
}

gateway::DrainTimes SignalPolicy::configured_times() const {
  const config::ServerSettings& server = parts_.gateway.node().settings().server;
  return {.delay = server.drain_delay, .longest = server.drain, .rate = server.drain_rate};
}

void SignalPolicy::begin_drain(const std::string& cause, gateway::DrainKind kind,
                               const gateway::DrainTimes& times) {
  draining_ = true;
  gateway::Node& node = parts_.gateway.node();
  const auto connections = static_cast<std::int64_t>(node.admission().connections());
  const milliseconds window = node.begin_drain(times, kind);
  const bool is_delayed = kind == gateway::DrainKind::shutdown;
  parts_.log.info("draining", {{"signal", std::string_view(cause)},
                               {"delay_ms", is_delayed ? std::int64_t{times.delay.count()} : 0},
                               {"window_ms", std::int64_t{window.count()}},
                               {"connections", connections}});
}

// A signal that is sent in a loop leaves one line a second.
void SignalPolicy::ignore(int signal) {
  const MonoTime now = mono_now();
  const auto [last, is_first] = logged_at_.try_emplace(signal, now);
  if (!is_first && now - last->second < kIgnoredSignalLogEvery) return;
  last->second = now;
  const std::string name = name_of_signal(signal);
  parts_.log.warning("signal ignored",
                     {{"signal", std::string_view(name)}, {"instead", advice_on_signal(signal)}});
}

}  // namespace carillon::app
