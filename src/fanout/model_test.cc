// Random operations on the engine, each followed by a comparison with a naive one that keeps a queue for
// every client. A failure prints its seed; CARILLON_MODEL_SEED=n runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "fanout/testing/naive_fan_out.h"
#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

constexpr SubscriberId kClients = 12;
constexpr std::uint32_t kLogs = 6;

struct Sizes {
  LagRule rule;
  StageOptions options;
};

class Model {
 public:
  Model(std::uint64_t seed, Sizes sizes) : sizes_(sizes), stage_(sizes.rule, sizes.options), dice_(seed) {
    stage_.now = MonoTime(milliseconds(0xffffffffU - 20000));  // the milliseconds wrap on the way
    for (std::uint32_t i = 0; i < kLogs; ++i) add_log();
    stage_.host.on_write = [this](SubscriberId id, bool whole) { on_write(id, whole); };
    stage_.host.on_gap = [this](SubscriberId id, LogId log, std::uint32_t count, const std::string& frame) {
      fail(id, naive_.skip(naive_.clients[id], log, count, frame, now_ms(), stream(id)));
      if (policies_[log] == kDisconnect) fail(id, "a gap in a log that closes");
    };
  }

  void step();
  void come_to_rest();
  const std::string& failure() const { return failure_; }

 private:
  std::uint32_t up_to(std::uint32_t n) { return static_cast<std::uint32_t>(dice_() % n); }
  bool chance(std::uint32_t percent) { return up_to(100) < percent; }
  std::uint32_t now_ms() const { return wrapping_ms(stage_.now); }
  std::string_view stream(SubscriberId id) { return stage_.host.at(id).received; }
  NaiveFanOut::Client* any_client();
  void fail(SubscriberId id, const std::string& why) {
    if (failure_.empty() && !why.empty()) failure_ = "client " + std::to_string(id) + ": " + why;
  }

  PolicyId any_policy() { return static_cast<PolicyId>(up_to(3)); }
  // Whether it has a log that closes, or is of a group that does and has none.
  bool may_be_closed(const NaiveFanOut::Client& client) const {
    if (client.events.empty()) return client.group == kDisconnect;
    return std::any_of(client.events.begin(), client.events.end(),
                       [this](const auto& each) { return policies_.at(each.first) == kDisconnect; });
  }
  std::size_t closing_bytes(const NaiveFanOut::Client& client) const {
    std::size_t bytes = 0;
    for (const auto& [log, queue] : client.events) {
      if (policies_.at(log) == kDisconnect) bytes += client.pending_bytes(log);
    }
    return bytes;
  }

  void add_log();
  void replace_empty_log();
  void append();
  void join_or_leave();
  void subscribe_or_not();
  void talk();
  void socket();
  void check_lag();
  void on_write(SubscriberId id, bool whole);
  void take_verdicts();
  void judge_verdict(SubscriberId id, Verdict::What what);
  void compare_counters();
  void notice_the_arrived();
  void remove(SubscriberId id);

  const Sizes sizes_;
  Stage stage_;
  NaiveFanOut naive_;
  std::mt19937_64 dice_;
  std::vector<LogId> logs_;
  std::map<LogId, PolicyId> policies_;
  std::uint32_t events_ = 0;
  SubscriberId picked_ = 0;
  std::string failure_;
};

NaiveFanOut::Client* Model::any_client() {
  picked_ = up_to(kClients);
  const auto found = naive_.clients.find(picked_);
  return found == naive_.clients.end() ? nullptr : &found->second;
}

void Model::add_log() {
  const PolicyId policy = any_policy();
  logs_.push_back(stage_.engine->add_log(policy));
  policies_[logs_.back()] = policy;
  if (stage_.engine->events_of(logs_.back()).head() < 0xfffffff0U) {
    stage_.engine->start_numbers_at(logs_.back(), 0xffffff00U);
  }
}

void Model::replace_empty_log() {
  const std::uint32_t i = up_to(kLogs);
  if (stage_.engine->subscribers_of(logs_[i]) > 0) return;
  stage_.engine->remove_log(logs_[i]);
  logs_.erase(logs_.begin() + i);
  add_log();
}

void Model::append() {
  const LogId log = logs_[up_to(kLogs)];
  const std::uint32_t size = chance(90) ? up_to(60) : chance(90) ? up_to(3000) : up_to(90000);
  const std::string payload = std::to_string(log) + " " + std::to_string(events_++) + std::string(size, 'x');
  naive_.append(log, payload, now_ms());
  if (chance(50)) {
    stage_.append(log, payload);
  } else {
    stage_.append_shared(log, payload);
  }
  take_verdicts();  // memory may have run short
}

void Model::join_or_leave() {
  if (any_client()) {
    if (chance(40)) remove(picked_);
    return;
  }
  stage_.host.at(picked_) = {};
  auto& client = naive_.clients[picked_];
  client.group = any_policy();
  stage_.engine->add_subscriber(picked_, client.group, chance(30) ? Encoding::compressed : Encoding::plain);
}

void Model::remove(SubscriberId id) {
  stage_.engine->remove_subscriber(id);
  naive_.clients.erase(id);
}

void Model::subscribe_or_not() {
  auto* client = any_client();
  if (!client) return;
  const LogId log = logs_[up_to(kLogs)];
  const bool is = client->events.contains(log);
  if (chance(60)) {
    const bool may = !is && !client->last && !client->judged && !client->finish_received;
    if (stage_.engine->subscribe(picked_, log) != may) fail(picked_, "subscribe() returned the opposite");
    if (may) client->events[log];
  } else {
    if (is) naive_.unsubscribe(*client, log, stream(picked_));
    const bool was = stage_.engine->unsubscribe(picked_, log);
    // One that finishes is unsubscribed by the engine itself.
    if (was != is && !client->last && !client->finish_received)
      fail(picked_, "unsubscribe() returned the opposite");
  }
}

void Model::talk() {
  auto* client = any_client();
  if (!client) return;
  if (chance(3)) {
    if (client->judged || client->last || client->finish_received) return;
    std::string frame;
    websocket::append_close(frame, 1000, std::to_string(picked_));
    client->last = NaiveFanOut::Pending{frame, frame.size(), now_ms()};
    if (chance(50)) {
      stage_.engine->finish(picked_, frame, stage_.now);
    } else {
      while (!client->events.empty()) {
        naive_.unsubscribe(*client, client->events.begin()->first, stream(picked_));
      }
      stage_.engine->finish_now(picked_, frame, stage_.now);
    }
    return;
  }
  const std::string frame = ping_frame(std::to_string(events_++) + std::string(up_to(100), 'p'));
  const bool ignored = client->judged || client->last || client->finish_received;
  const bool room = stage_.engine->outbox_has_room(picked_, frame.size());
  if (!ignored && room) naive_.send(*client, frame, now_ms(), stream(picked_));
  if (stage_.engine->send(picked_, frame, stage_.now) != (ignored || room)) fail(picked_, "send() declines");
}

void Model::socket() {
  auto* client = any_client();
  if (!client) return;
  const std::uint32_t what = up_to(10);
  stage_.host.at(picked_).capacity = what < 2 ? 0 : what < 7 ? up_to(400) : what < 8 ? up_to(40000) : kOpen;
  if (chance(1)) stage_.host.at(picked_).broken = true;
  client->blocked = false;
  stage_.engine->on_writable(picked_);  // now and then for nothing
}

void Model::check_lag() {
  stage_.engine->check_lag(stage_.now);
  take_verdicts();
}

void Model::on_write(SubscriberId id, bool whole) {
  const auto found = naive_.clients.find(id);
  if (found == naive_.clients.end() || found->second.judged) {
    fail(id, "written to after its end");
    return;
  }
  NaiveFanOut::Client& client = found->second;
  if (client.blocked) fail(id, "written to while blocked");
  client.blocked = !whole;
  if (!whole) {
    client.was_slow = true;
    client.unsure = false;
  }
  fail(id, naive_.receive(client, stream(id)));
}

void Model::take_verdicts() {
  for (const auto& [id, what] : stage_.verdicts()) {
    judge_verdict(id, what);
    if (chance(80)) remove(id);
  }
}

void Model::judge_verdict(SubscriberId id, Verdict::What what) {
  const auto found = naive_.clients.find(id);
  if (found == naive_.clients.end() || found->second.judged) {
    fail(id, "a verdict about no client");
    return;
  }
  NaiveFanOut::Client& client = found->second;
  client.judged = true;
  client.blocked = false;
  const bool tight = sizes_.options.log_bytes_hard_max < 100000 || sizes_.options.memory_max < 5'000'000;
  switch (what) {
    case Verdict::What::broken:
      if (!stage_.host.at(id).broken) fail(id, "broken, and is not");
      return;
    case Verdict::What::finished:
      if (!client.finish_received || client.last) fail(id, "finished, and has not received the last bytes");
      return;
    case Verdict::What::slow_by_bytes:
      if (!client.was_slow || !may_be_closed(client)) fail(id, "slow, and was not blocked");
      if (!tight && closing_bytes(client) <= sizes_.rule.bytes_max) fail(id, "slow with few bytes pending");
      return;
    case Verdict::What::slow_by_memory:
      if (!client.was_slow || !may_be_closed(client)) fail(id, "slow, and was not blocked");
      if (!tight) fail(id, "memory was not short");
      return;
    case Verdict::What::slow_by_age:
      if (!client.was_slow || !may_be_closed(client)) fail(id, "slow, and was not blocked");
      if (!client.oldest_ms() && client.read == stream(id).size()) fail(id, "slow with nothing unsent");
      return;
    case Verdict::What::overrun:
      if ((client.was_slow && !client.unsure) || !may_be_closed(client)) fail(id, "overrun, but it was slow");
      if (!tight) fail(id, "overrun within the caps");
      ++naive_.lost_while_healthy;
      return;
  }
}

void Model::compare_counters() {
  std::uint64_t retained = 0;
  for (const LogId log : logs_) {
    const EventLog& events = stage_.engine->events_of(log);
    retained += events.bytes();
    if (events.bytes() > sizes_.options.log_bytes_hard_max) fail(log, "a log over its hard cap");
  }
  const FanOutCounters& counters = stage_.engine->counters();
  if (counters.retained_bytes != retained) fail(0, "retained_bytes is wrong");
  if (stage_.memory.is_exhausted() && retained > sizes_.options.memory_max)
    fail(0, "the logs are over their budget");
  std::uint64_t blocked = 0;
  for (const auto& [id, client] : naive_.clients) blocked += client.blocked ? 1 : 0;
  if (counters.blocked != blocked) {
    fail(0, "blocked is " + std::to_string(counters.blocked) + ", not " + std::to_string(blocked));
  }
  if (!naive_.unsure_of_losses && (counters.overruns == 0) != (naive_.lost_while_healthy == 0))
    fail(0, "overruns is wrong");
}

void Model::step() {
  const std::uint32_t what = up_to(100);
  if (what < 40) {
    append();
  } else if (what < 45) {
    join_or_leave();
  } else if (what < 55) {
    subscribe_or_not();
  } else if (what < 63) {
    talk();
  } else if (what < 75) {
    socket();
  } else if (what < 76) {
    replace_empty_log();
  } else if (what < 78) {
    stage_.pass(milliseconds(up_to(400)));
  } else if (what < 80) {
    check_lag();
  } else {
    stage_.slice(chance(80) ? 1 + up_to(6) : kOpen);
    take_verdicts();
  }
  notice_the_arrived();
  compare_counters();
}

// One that finishes is unsubscribed by the engine when its cursors have arrived, not a moment before.
void Model::notice_the_arrived() {
  for (auto& [id, client] : naive_.clients) {
    if (client.events.empty() || client.judged || stage_.engine->subscriptions_of(id) > 0) continue;
    if (!client.last && !client.finish_received) fail(id, "has lost its subscriptions");
    if (client.pending_bytes() > 0) fail(id, "the last bytes overtook an event");
    client.events.clear();
  }
}

// Everybody can take everything: nothing may be left.
void Model::come_to_rest() {
  take_verdicts();
  for (auto& [id, client] : naive_.clients) {
    stage_.host.at(id).capacity = kOpen;
    client.blocked = false;
    stage_.engine->on_writable(id);
  }
  stage_.run();
  take_verdicts();
  if (stage_.engine->has_work()) fail(0, "work is left");
  for (auto& [id, client] : naive_.clients) {
    if (!client.judged && !client.has_everything()) fail(id, "still misses something");
    if (!client.judged && client.read != stream(id).size()) fail(id, "half a frame is left");
  }
  compare_counters();
  if (stage_.engine->counters().retained_bytes != 0) fail(0, "a log still holds events");
  while (!naive_.clients.empty()) remove(naive_.clients.begin()->first);
  for (const LogId log : logs_) {
    if (stage_.engine->subscribers_of(log) != 0) fail(0, "a ghost");
  }
  // The arena's open block alone.
  if (stage_.memory.bytes() > 2 * FrameArena::kBlockBytes) fail(0, "memory is not given back");
}

void run(std::uint64_t seed, Sizes sizes, int steps) {
  Model model(seed, sizes);
  for (int i = 0; i < steps; ++i) {
    model.step();
    if (i % 5000 == 4999) model.come_to_rest();
    ASSERT_EQ(model.failure(), "") << "seed " << seed << ", step " << i;
  }
  model.come_to_rest();
  ASSERT_EQ(model.failure(), "") << "seed " << seed;
}

// The limits of a run; every fourth has hard caps so low that healthy subscribers feel them.
Sizes sizes_of(std::uint64_t seed) {
  Sizes sizes;
  sizes.rule.bytes_max = seed % 2 == 0 ? 4000 : 60000;
  sizes.rule.age_ms_max = seed % 3 == 0 ? 1000 : 15000;
  if (seed % 4 == 3) sizes.options.log_bytes_hard_max = 6000;
  if (seed % 8 == 5) sizes.options.memory_max = 200'000;
  sizes.options.outbox_bytes_max = 2000;
  return sizes;
}

TEST(FanOutModel, RandomOperationsAreWhatAQueueForEachClientWouldGive) {
  if (const char* one = std::getenv("CARILLON_MODEL_SEED")) {
    const std::uint64_t seed = std::strtoull(one, nullptr, 10);
    run(seed, sizes_of(seed), 100000);
    return;
  }
  for (std::uint64_t seed = 1; seed <= 32 && !HasFatalFailure(); ++seed) run(seed, sizes_of(seed), 10000);
}

}  // namespace
}  // namespace carillon::fanout::testing
