#include "node_slot.h"

#include <utility>

#include "config/changes.h"
#include "config/test_environment.h"

namespace carillon::simulation {
namespace {

constexpr std::uint64_t kMemoryLimit = std::uint64_t{1} << 30;

void add_to_each_endpoint(std::string& text, std::string_view lines) {
  constexpr std::string_view kTable = "[[endpoint]]\n";
  for (auto at = text.find(kTable); at != std::string::npos; at = text.find(kTable, at)) {
    at += kTable.size();
    text.insert(at, lines);
  }
}

}  // namespace

NodeSlot::NodeSlot(Surroundings around, int number) : around_(around), number_(number) {}

NodeSlot::~NodeSlot() { end(); }

// Limits are small, so that a simulation of two minutes reaches them.
std::string NodeSlot::write_configuration() {
  Dice& dice = around_.dice;
  const auto add = [&dice](std::string& text, std::string_view key, std::uint32_t least, std::uint32_t most,
                           std::string_view unit) {
    text.append(key).append(" = ").append(unit.empty() ? "" : "\"");
    text.append(std::to_string(dice.between(least, most))).append(unit).append(unit.empty() ? "\n" : "\"\n");
  };
  NodeView& seen = view();
  seen.orion_ends_at_gap = dice.chance(50);
  seen.limits_channels = dice.chance(50);
  seen.has_drain_frame = dice.chance(50);
  std::string text =
      "[server]\nhandshake_timeout = \"2s\"\nbodies_bytes_max = \"8MiB\"\nchannels_max = 1000\n";
  add(text, "shards", 1, 2, "");
  add(text, "outbox_bytes_max", 1024, 8192, "");
  add(text, "drain", 200, 3000, "ms");
  add(text, "drain_delay", 0, 2000, "ms");
  std::string lag = "lag.grace = \"1s\"\nlag.age_max = \"3s\"\n";
  add(lag, "lag.bytes_max", 4000, 40'000, "");
  std::string ping;
  add(ping, "keepalive.ping", 2, 4, "s");
  std::string timeout;
  add(timeout, "keepalive.timeout", 6, 9, "s");
  seen.plan = HistoryPlan::chosen_by(dice);
  text +=
      "[[endpoint]]\nprofile = \"orion\"\n" + lag + ping + timeout + seen.plan.configuration(Profile::orion);
  if (seen.orion_ends_at_gap) text += "source.on_gap = \"close\"\n";
  text += "[[endpoint]]\nprofile = \"service\"\nacks = \"on\"\nclient_publish = \"on\"\n" + lag + ping +
          timeout + seen.plan.configuration(Profile::service);
  if (seen.limits_channels) text += "auth.channels_claim = \"channels\"\n";
  text += "[[endpoint]]\nprofile = \"fluxora\"\n" + lag + ping + seen.plan.configuration(Profile::fluxora);
  text += "[[endpoint]]\nprofile = \"grimnir\"\n" + lag + seen.plan.configuration(Profile::grimnir);
  if (!seen.plan.retains(Profile::grimnir)) text += "keepalive.frame = \"3s\"\n";
  add(text, "select.sets_max", 1, 6, "");
  if (seen.has_drain_frame) add_to_each_endpoint(text, "frames.drain = '{\"drain\":$retry_ms}'\n");
  return text;
}

// Below the minimum of the configuration, for the same reason.
void NodeSlot::tighten(config::ServerSettings& server) {
  server.history_bytes_max = view().plan.bytes_max;
  server.history_channels_max = view().plan.channels_max;
  server.inbox_batches_max = around_.dice.between(2, 64);
  server.backlog_bytes_max =
      std::uint64_t{1024} * around_.dice.between(1024, 4096);  // more than the blocks of a few logs
}

gateway::World NodeSlot::world() {
  return {.make_loop = [this]() -> Result<std::unique_ptr<reactor::Loop>> {
            auto loop = std::make_unique<VirtualLoop>(
                around_.clock, [this](int fd) { return around_.sockets.readiness_of(fd); });
            loops_.push_back(loop.get());
            return loop;
          },
          .sockets = around_.sockets,
          .make_bus =
              [this](bus::BusOptions options, reactor::Loop& loop, bus::EventSink& sink, Log&) {
                return around_.broker.connect(std::move(options), loop, sink, *view().feed);
              },
          .random = [this] { return around_.dice.next(); },
          .memory_use =
              [this] {
                return MemoryUse{kMemoryLimit / 100 * memory_used, kMemoryLimit};
              },
          .memory_limit_bytes = kMemoryLimit};
}

std::string NodeSlot::start() {
  memory_used = 10;
  views_.push_back(std::make_unique<NodeView>());
  feeds_.push_back(std::make_unique<Feed>(around_.clock, view().plan));
  view().feed = feeds_.back().get();
  view().number = number_;
  configuration_ = write_configuration();
  config::Loaded loaded = config::load_good(configuration_);
  if (!loaded.errors.empty()) return loaded.errors.front().text();
  tighten(loaded.settings.server);
  loops_.clear();
  auto node = gateway::Node::create(std::move(loaded.settings), world(), http_, log_);
  if (!node) return node.error().message;
  node_ = std::move(*node);
  view().epoch = node_->resume_desk().epoch();
  view().shards.assign(loops_.size(), ShardView());
  taken_.assign(loops_.size(), 0);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const int fd = around_.sockets.open_listener(*loops_[i], number_, static_cast<int>(i));
    if (auto listening = node_->shard(i).acceptor().listen(reactor::FileDescriptor(fd), {}); !listening) {
      return listening.error().message;
    }
  }
  node_->start();
  return {};
}

// Only what a running process can change.
std::string NodeSlot::change_settings() {
  constexpr std::string_view kLimit = "lag.bytes_max = ";
  for (auto at = configuration_.find(kLimit); at != std::string::npos; at = configuration_.find(kLimit, at)) {
    at += kLimit.size();
    const auto digits = configuration_.find('\n', at) - at;
    configuration_.replace(at, digits, std::to_string(around_.dice.between(4000, 40'000)));
  }
  config::Loaded loaded = config::load_good(configuration_);
  config::Settings next = config::applicable(node_->settings(), std::move(loaded.settings));
  const auto replaced = node_->replace_settings(std::move(next), {}, gateway::Node::Removed::stay, [] {});
  return replaced ? std::string() : replaced.error().message;
}

void NodeSlot::begin_drain() {
  view().draining = true;
  drain_began_ = around_.clock.now;
  const config::ServerSettings& server = node_->settings().server;
  view().closes_from = loops_.front()->now() + server.drain_delay;
  node_->begin_drain({.delay = server.drain_delay, .longest = server.drain, .rate = server.drain_rate});
}

void NodeSlot::count_answers() {
  using gateway::ResumeOutcome;
  for (std::size_t i = 0; i < answers_.by_outcome.size(); ++i) {
    answers_.by_outcome[i] += node_->resume_desk().counters().outcomes.counters[i].get();
  }
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    answers_.by_outcome[static_cast<std::size_t>(ResumeOutcome::overloaded)] +=
        node_->shard_counters(i).resumes_overloaded.get();
  }
}

void NodeSlot::count_notices() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const client::ShardCounters& counters = node_->shard_counters(i);
    notices_.add(
        {counters.gap_frames_bus.get(), counters.degraded_frames.get(), counters.restored_frames.get()});
  }
}

void NodeSlot::end() {
  if (!node_) return;
  count_answers();
  count_notices();
  view().stopped = true;
  for (const int fd : around_.sockets.listeners_of(number_)) around_.sockets.close_listener(fd);
  node_.reset();
  loops_.clear();
}

void NodeSlot::stall_until(MonoTime time) {
  for (std::size_t i = 0; i < loops_.size(); ++i) hold_shard_until(i, time);
}

void NodeSlot::hold_shard_until(std::size_t shard, MonoTime time) {
  loops_[shard]->hold_until(time);
  paused_until_ = std::max(paused_until_, time);
}

// The inbox of a shard has at most the batches and the answers since its last turn. A turn takes all of them.
void NodeSlot::note_inbox(std::size_t shard) {
  std::uint64_t posted = node_->router().counters().batches.get();
  for (const client::Counter& each : node_->resume_desk().counters().outcomes.counters) posted += each.get();
  const std::uint64_t waiting = posted - std::exchange(taken_[shard], posted);
  if (waiting >= node_->settings().server.inbox_batches_max) view().shards[shard].full_at = around_.clock.now;
}

// The gaps of which the clients of a shard were told in its turn. Those that a client had not been sent the
// frame for before keep their place.
void NodeSlot::note_gaps(std::size_t shard, bool owed_gap) {
  auto& places = view().shards[shard].gap_places;
  const std::size_t until = view().feed->gaps_before(view().shards[shard].applied);
  for (bool is_first = true; places.size() < until; is_first = false) {
    const bool keeps_place = !places.empty() && (owed_gap || !is_first);
    places.push_back(keeps_place ? places.back() : places.size());
  }
}

void NodeSlot::take_turn(std::size_t shard) {
  if (shard > 0) note_inbox(shard);
  view().shards[shard].applied = view().feed->batched();
  const bool owed_gap = node_->shard_counters(shard).gap_frames_owed.get() > 0;
  loops_[shard]->turn();
  view().shards[0].applied = view().feed->batched();  // the first shard is given events by a call
  note_gaps(shard, owed_gap);
  if (has_stopped()) view().stopped = true;
  if (around_.broker.links().empty()) return;
  std::uint64_t lost = 0;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const client::ShardCounters& counters = node_->shard_counters(i);
    lost += counters.missed_batches.get() + counters.overruns.get();
  }
  view().may_lose = lost > 0;
}

}  // namespace carillon::simulation
