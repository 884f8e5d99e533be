#include "load/bench_run.h"

#include <algorithm>
#include <utility>

namespace carillon::load {
namespace {

constexpr auto kLookEvery = milliseconds(100);
constexpr auto kStartIn = milliseconds(50);  // everybody knows the timetable before its first event is due
constexpr double kWarmUpEvents_per_s = 20'000;

double seconds_of(MonoClock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

BenchRun::BenchRun(const Settings& settings, std::unique_ptr<Publisher> publisher, Progress progress)
    : settings_(settings), publisher_(std::move(publisher)), progress_(std::move(progress)) {}

Result<Report> BenchRun::run() {
  report_.clients = settings_.crowd.clients;
  const auto before = usage();
  if (!before) return tl::unexpected(before.error());
  if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
  if (publisher_) {
    if (auto warm = warm_up(); !warm) return tl::unexpected(warm.error());
  }
  const auto idle = usage();
  if (!idle) return tl::unexpected(idle.error());
  if (auto measured = measure(); !measured) return tl::unexpected(measured.error());
  const auto end = usage();
  if (!end) return tl::unexpected(end.error());
  if (!settings_.server_pids.empty()) report_.server = Report::Server{*before, *idle, *end};
  return std::move(report_);
}

Timetable BenchRun::timetable(double events_per_s, std::uint64_t events) const {
  const std::uint32_t channel_count = channels() == Channels::shared ? 1 : settings_.crowd.clients;
  return Timetable({events_per_s, events, channel_count, settings_.order}, mono_now() + kStartIn);
}

Result<Usage> BenchRun::usage() const {
  if (settings_.server_pids.empty()) return Usage{};
  const auto usage = usage_of(settings_.server_pids);
  if (!usage) return failure("--server-pid: there is no such process, or it may not be looked at");
  return *usage;
}

Result<std::monostate> BenchRun::connect() {
  auto crowd = Crowd::start(settings_.crowd, settings_.clients);
  if (!crowd) return tl::unexpected(crowd.error());
  crowd_ = std::move(*crowd);
  const MonoTime start = mono_now();
  MonoTime last_new = start;
  std::uint64_t seen = 0;
  crowd_->connect();
  for (Crowd::State state = crowd_->state(); !state.settled; state = crowd_->state()) {
    const std::uint64_t now_seen = state.counters.connected + state.counters.refused;
    if (std::exchange(seen, now_seen) != now_seen) last_new = mono_now();
    if (mono_now() - last_new > kConnectPatience) {
      return failure("no connection was opened or refused for 15 s, " + std::to_string(seen) + " were before");
    }
    progress_("connecting: " + std::to_string(seen) + " of " + std::to_string(settings_.crowd.clients));
    wait_until(mono_now() + milliseconds(10));
  }
  report_.connect_s = seconds_of(mono_now() - start);
  report_.handshakes = crowd_->handshake_times();
  const Crowd::State state = crowd_->state();
  report_.first_refusal = state.first_refusal;
  if (state.counters.connected == 0) return failure("nobody could connect: " + state.first_refusal);
  return std::monostate{};
}

// One event a channel, heard by all: whatever is wrong with channel, token or path is found before it costs
// minutes.
Result<std::monostate> BenchRun::warm_up() {
  const Timetable warm_up = timetable(kWarmUpEvents_per_s, timetable(1, 1).channels());
  crowd_->begin(warm_up, channels());
  if (auto published = publish(warm_up, "warming up"); !published) return published;
  if (publisher_->refused() > 0) return failure("--publish: an event was refused: " + publisher_->refusal());
  const MonoTime deadline = mono_now() + kWarmUpMax;
  while (crowd_->tally(publisher_->published()).lost > 0 && mono_now() < deadline) {
    wait_until(mono_now() + kLookEvery);
  }
  const ClientPool::Tally tally = crowd_->tally(publisher_->published());
  if (tally.lost == 0) return std::monostate{};
  std::string who;
  for (const std::uint32_t client : crowd_->silent_clients(3)) who += " " + std::to_string(client);
  return failure(std::to_string(tally.silent) + " of " + std::to_string(tally.hearers) +
                 " clients did not hear the first event within 15 s (numbers" + who +
                 "): do --channel and what they subscribe to (--url, --hello) agree?");
}

Result<std::monostate> BenchRun::measure() {
  const Timetable plan = timetable(settings_.events_per_s, settings_.events);
  const Crowd::State before = crowd_->state();
  crowd_->begin(plan, channels());
  if (!publisher_) {
    listen();
  } else {
    if (auto published = publish(plan, "publishing"); !published) return published;
    report_.published = publisher_->published();
    report_.publish_refused = publisher_->refused();
    report_.publish_refusal = publisher_->refusal();
    drain(report_.published);
  }
  conclude(before, publisher_ ? plan.start() : plan.start() - kStartIn);
  return std::monostate{};
}

Result<std::monostate> BenchRun::publish(const Timetable& plan, const char* phase) {
  publisher_->begin([this, &plan](std::uint64_t n) {
    OutgoingEvent event{settings_.channel.of(plan.channel_of(n)), {}};
    settings_.body.append(event.data, n);
    return event;
  });
  const MonoTime given_up = plan.start() + 2 * (plan.due(plan.events()) - plan.start()) + kDrainPatience;
  for (std::uint64_t due = 0; due < plan.events() || !publisher_->done();) {
    const MonoTime now = mono_now();
    if (now > given_up) {
      return failure("--publish: only " + std::to_string(publisher_->published()) + " of " +
                     std::to_string(plan.events()) +
                     " events are acknowledged in twice their time: lower --rate");
    }
    due = plan.due_by(now);
    publisher_->offer(due);
    MonoTime next = now + kLookEvery;
    if (due < plan.events()) next = std::min(next, plan.due(due));
    if (auto turned = publisher_->turn(next); !turned) return turned;
    progress_(std::string(phase) + ": " + std::to_string(publisher_->published()) + " of " +
              std::to_string(plan.events()) + " events");
  }
  return std::monostate{};
}

void BenchRun::drain(std::uint64_t published) {
  std::uint64_t lost = crowd_->tally(published).lost;
  MonoTime last_new = mono_now();
  while (lost > 0 && mono_now() - last_new < kDrainPatience) {
    progress_("waiting for " + std::to_string(lost) + " deliveries");
    wait_until(mono_now() + kLookEvery);
    const std::uint64_t still = crowd_->tally(published).lost;
    if (std::exchange(lost, still) != still) last_new = mono_now();
  }
}

void BenchRun::listen() {
  const MonoTime end = mono_now() + settings_.listening;
  while (mono_now() < end) {
    progress_("listening: " + std::to_string(crowd_->state().counters.events) + " events");
    wait_until(std::min(end, mono_now() + kLookEvery));
  }
}

void BenchRun::conclude(const Crowd::State& before, MonoTime start) {
  const Crowd::State state = crowd_->state();
  report_.counters = state.counters;
  report_.counters.reads -= before.counters.reads;
  report_.deliveries = state.counters.events - before.counters.events;
  report_.own_cpu_ns = state.cpu_ns - before.cpu_ns;
  report_.measured_s = seconds_of((publisher_ ? std::max(state.last_event_at, start) : mono_now()) - start);
  if (publisher_) {
    report_.tally = crowd_->tally(report_.published);
    report_.latency = crowd_->latency();
  }
}

}  // namespace carillon::load
