#include "loadgen/crowd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "base/descriptor_table.h"
#include "loadgen/process.h"

namespace carillon::loadgen {
namespace {

constexpr int kTurnMax_ms = 1000;

}  // namespace

// A thread with a pool, and a queue of calls for it.
class Crowd::Member {
 public:
  Member(const Settings& settings, const ClientSettings& clients, std::uint32_t first)
      : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) return;
    thread_ = std::thread([this, settings, &clients, first] { run(settings, clients, first); });
  }

  ~Member() {
    if (thread_.joinable()) {
      post([this](ClientPool&) { stopping_ = true; });
      thread_.join();
    }
    if (wake_ >= 0) ::close(wake_);
  }

  // Empty when it runs.
  std::string fault() {
    return wake_ < 0 ? "no descriptor left for another thread" : started_.get_future().get();
  }

  std::future<void> post(std::function<void(ClientPool&)> question) {
    std::packaged_task<void(ClientPool&)> task(std::move(question));
    std::future<void> done = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    // It cannot fail: the count is far from its limit.
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
    return done;
  }

 private:
  void run(const Settings& settings, const ClientSettings& clients, std::uint32_t first) {
    if (settings.threads > 1 && !unshare_descriptors()) {
      return started_.set_value("a thread cannot have descriptors of its own here: use --threads 1");
    }
    if (settings.core && !pin_to_core(*settings.core)) {
      return started_.set_value("cannot be pinned to core " + std::to_string(*settings.core) +
                                ": leave --core out");
    }
    ClientPool pool(clients, {first, settings.threads});
    pool.watch(wake_);
    started_.set_value({});
    while (!stopping_) {
      if (pool.turn(kTurnMax_ms)) answer(pool);
    }
  }

  void answer(ClientPool& pool) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(wake_, &count, sizeof count);
    std::vector<std::packaged_task<void(ClientPool&)>> questions;
    {
      const std::lock_guard lock(mutex_);
      questions.swap(questions_);
    }
    for (auto& question : questions) question(pool);
  }

  const int wake_;
  std::promise<std::string> started_;
  std::mutex mutex_;
  std::vector<std::packaged_task<void(ClientPool&)>> questions_;
  bool stopping_ = false;  // the thread's
  std::thread thread_;
};

Result<std::unique_ptr<Crowd>> Crowd::start(const Settings& settings, const ClientSettings& clients) {
  std::unique_ptr<Crowd> crowd(new Crowd);
  crowd->clients_ = settings.clients;
  for (std::uint32_t first = 0; first < settings.threads; ++first) {
    auto member = std::make_unique<Member>(settings, clients, first);
    if (std::string fault = member->fault(); !fault.empty()) return failure(std::move(fault));
    crowd->members_.push_back(std::move(member));
  }
  return crowd;
}

Crowd::~Crowd() = default;

void Crowd::ask(const std::function<void(ClientPool&)>& question) {
  std::vector<std::future<void>> answers;
  for (const auto& member : members_) answers.push_back(member->post(question));
  for (auto& answer : answers) answer.get();
}

void Crowd::ask_in_turn(const std::function<void(ClientPool&)>& question) {
  for (const auto& member : members_) member->post(question).get();
}

void Crowd::connect() {
  const auto threads = static_cast<std::uint32_t>(members_.size());
  std::uint32_t first = 0;
  for (const auto& member : members_) {
    const std::uint32_t share = clients_ / threads + (first++ < clients_ % threads ? 1 : 0);
    member->post([share](ClientPool& pool) { pool.want(share); }).get();
  }
}

void Crowd::begin(const Timetable& timetable, Channels channels) {
  ask([&](ClientPool& pool) { pool.begin(timetable, channels); });
}

Crowd::State Crowd::state() {
  State sum;
  ask_in_turn([&](ClientPool& pool) {
    sum.counters.add(pool.counters());
    sum.settled = sum.settled && pool.settled();
    sum.last_event_at = std::max(sum.last_event_at, pool.last_event_at());
    sum.cpu_ns += thread_cpu_ns();
    if (sum.first_refusal.empty()) sum.first_refusal = pool.first_refusal();
  });
  return sum;
}

ClientPool::Tally Crowd::tally(std::uint64_t published, std::uint64_t sent) {
  ClientPool::Tally sum;
  ask_in_turn([&](ClientPool& pool) {
    const ClientPool::Tally own = pool.tally(published, sent);
    sum.receivers += own.receivers;
    sum.silent += own.silent;
    sum.expected += own.expected;
    sum.lost += own.lost;
    sum.surplus += own.surplus;
  });
  return sum;
}

std::vector<std::uint32_t> Crowd::silent_clients(std::size_t most) {
  std::vector<std::uint32_t> silent;
  ask_in_turn([&](ClientPool& pool) {
    const auto own = pool.silent_clients(most - silent.size());
    silent.insert(silent.end(), own.begin(), own.end());
  });
  return silent;
}

Histogram Crowd::latency() {
  Histogram all;
  ask_in_turn([&](ClientPool& pool) { all.merge(pool.latency()); });
  return all;
}

Histogram Crowd::handshake_times() {
  Histogram all;
  ask_in_turn([&](ClientPool& pool) { all.merge(pool.handshake_times()); });
  return all;
}

}  // namespace carillon::loadgen
