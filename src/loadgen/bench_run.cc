#include "loadgen/bench_run.h"

#include <algorithm>
#include <utility>

namespace carillon::loadgen {
namespace {

constexpr auto kLookEvery = milliseconds(100);
constexpr auto kStartIn = milliseconds(50);  // every thread has the timetable before its first event is due
constexpr auto kQuiet = milliseconds(300);   // without an event
constexpr auto kQuietMax = seconds(10);      // then it continues nevertheless
constexpr auto kWarmUpLookEvery = milliseconds(20);
constexpr auto kWarmUpAgainAfter = seconds(2);
constexpr double kWarmUpEvents_per_s = 20'000;

// When a server that does not keep up is given up.
MonoTime end_of(const Timetable& plan) {
  return plan.start() + 2 * (plan.due(plan.events()) - plan.start()) + BenchRun::kDrainPatience;
}

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
  if (!usage) return failure("--server-pid: there is no such process, or its /proc files cannot be read");
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
      return failure("no connection was opened or refused for 15 s, after the first " + std::to_string(seen));
    }
    progress_("connecting: " + std::to_string(seen) + " of " + std::to_string(settings_.crowd.clients));
    wait_until(mono_now() + milliseconds(10));
  }
  report_.connect_s = seconds_of(mono_now() - start);
  report_.handshakes = crowd_->handshake_times();
  const Crowd::State state = crowd_->state();
  report_.first_refusal = state.first_refusal;
  if (state.counters.connected == 0) return failure("no client could connect: " + state.first_refusal);
  return std::monostate{};
}

// Greetings, replies to hellos, a warm-up event that was published twice: none of them may be taken for an
// event of the timetable.
void BenchRun::await_quiet() {
  const MonoTime deadline = mono_now() + kQuietMax;
  MonoTime last_event = mono_now();
  while (mono_now() - last_event < kQuiet && mono_now() < deadline) {
    progress_("waiting until no more events arrive");
    wait_until(mono_now() + kQuiet / 10);
    last_event = std::max(last_event, crowd_->state().last_event_at);
  }
}

// One event per channel that all receive: an error in channel, token or path is found before it costs
// minutes. A subscription may still have been in progress, so clients that received nothing get another.
Result<std::monostate> BenchRun::warm_up() {
  await_quiet();
  if (auto renewed = publisher_->renew(); !renewed) return renewed;
  const Timetable plan = timetable(kWarmUpEvents_per_s, timetable(1, 1).channels());
  crowd_->begin(plan, channels());
  // An event takes seconds to reach a million clients: wait as long as further clients receive it.
  MonoTime last_new = mono_now();
  MonoTime again = last_new;
  std::uint64_t seen = silent_clients();
  for (std::uint64_t silent = seen; silent > 0; silent = silent_clients()) {
    if (std::exchange(seen, silent) != silent) {
      last_new = mono_now();
      again = last_new + kWarmUpAgainAfter;
    }
    if (mono_now() - last_new > kWarmUpPatience) return nothing_arrives();
    if (mono_now() >= again) {
      if (auto published = publish_once(silent_channels()); !published) return published;
      again = mono_now() + kWarmUpAgainAfter;
    }
    wait_until(mono_now() + kWarmUpLookEvery);
  }
  await_quiet();
  return std::monostate{};
}

std::uint64_t BenchRun::silent_clients() { return crowd_->tally(0, 0).silent; }

// Threads whose clients have received nothing since begin().
std::vector<std::uint32_t> BenchRun::silent_channels() {
  if (channels() == Channels::one_a_client) return crowd_->silent_clients(settings_.crowd.clients);
  return std::vector<std::uint32_t>(crowd_->silent_clients(1).size(), 0);
}

Result<std::monostate> BenchRun::publish_once(const std::vector<std::uint32_t>& to) {
  const Timetable plan({kWarmUpEvents_per_s, to.size()}, mono_now());
  const auto event = [&](std::uint64_t n) { return event_for(to[n], n); };
  if (auto published = publish(plan, event, "warming up"); !published) return published;
  if (publisher_->refused() > 0) return failure("--publish: an event was refused: " + publisher_->refusal());
  if (!publisher_->done()) return failure("--publish: the warm-up events were not acknowledged in time");
  return std::monostate{};
}

tl::unexpected<Error> BenchRun::nothing_arrives() {
  const ClientPool::Tally tally = crowd_->tally(0, 0);
  std::string who;
  for (const std::uint32_t client : crowd_->silent_clients(3)) who += " " + std::to_string(client);
  return failure(std::to_string(tally.silent) + " of " + std::to_string(tally.receivers) +
                 " clients have not received their first event, and nothing has changed for 15 s (clients" +
                 who + "); check that --channel is what they subscribe to (--url, --hello)");
}

Result<std::monostate> BenchRun::measure() {
  const Timetable plan = timetable(settings_.events_per_s, settings_.events);
  const Crowd::State before = crowd_->state();
  crowd_->begin(plan, channels());
  if (!publisher_) {
    listen();
  } else {
    if (auto published = publish_all(plan); !published) return published;
    drain(end_of(plan));
  }
  conclude(before, publisher_ ? plan.start() : plan.start() - kStartIn);
  return std::monostate{};
}

Result<std::monostate> BenchRun::publish_all(const Timetable& plan) {
  const auto event = [&](std::uint64_t n) { return event_for(plan.channel_of(n), n); };
  if (auto published = publish(plan, event, "publishing"); !published) return published;
  report_.published = publisher_->published();
  report_.publish_refused = publisher_->refused();
  report_.publish_refusal = publisher_->refusal();
  report_.publish_unacknowledged = plan.events() - report_.published - report_.publish_refused;
  return std::monostate{};
}

OutgoingEvent BenchRun::event_for(std::uint32_t channel, std::uint64_t n) const {
  OutgoingEvent event{settings_.channel.of(channel), {}};
  settings_.body.append(event.data, n);
  return event;
}

Result<std::monostate> BenchRun::publish(const Timetable& plan, Publisher::EventMaker event,
                                         const char* phase) {
  publisher_->begin(std::move(event));
  const MonoTime end = end_of(plan);
  for (std::uint64_t due = 0; due < plan.events() || !publisher_->done();) {
    const MonoTime now = mono_now();
    if (now > end) break;
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

void BenchRun::drain(MonoTime until) {
  const auto missing = [this] { return crowd_->tally(report_.published, publisher_->sent()).lost; };
  std::uint64_t lost = missing();
  MonoTime last_new = mono_now();
  while (lost > 0 && mono_now() - last_new < kDrainPatience) {
    report_.time_up = mono_now() >= until;
    if (report_.time_up) return;
    progress_("waiting for " + std::to_string(lost) + " deliveries");
    wait_until(std::min(until, mono_now() + kLookEvery));
    const std::uint64_t still = missing();
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
  // A server that has stopped delivering must not be measured by its good beginning.
  const bool to_the_end = !publisher_ || report_.time_up || report_.publish_unacknowledged > 0;
  report_.measured_s = seconds_of((to_the_end ? mono_now() : std::max(state.last_event_at, start)) - start);
  if (publisher_) {
    report_.tally = crowd_->tally(report_.published, publisher_->sent());
    report_.latency = crowd_->latency();
  }
}

}  // namespace carillon::loadgen
