// Random operations on two stores with one budget, each followed by a comparison with a naive history that
// keeps everything. A failure prints its seed; CARILLON_MODEL_SEED=n runs that one alone.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>

#include "base/testing/allocation_ceiling.h"
#include "history/testing/naive_history.h"

namespace carillon::history::testing {
namespace {

constexpr std::size_t kStores = 2;
constexpr std::array<const char*, 12> kNames = {"",        "busy.1",  "busy.2",  "busy.3",
                                                "small.1", "small.2", "short.",  "short.",
                                                "rare.10", "rare.11", "rare.12", "unretained"};

class HistoryWalk {
 public:
  HistoryWalk(std::uint64_t seed, const BudgetLimits& limits)
      : dice_(seed), rules_(rules()), budget_(limits), naive_(rules_, limits) {
    for (std::size_t i = 0; i < kStores; ++i) stores_[i] = std::make_unique<Store>(budget_, rules_[i], kKey);
  }

  void step();
  const std::string& failure() const { return failure_; }
  std::uint64_t evicted_by(Eviction why) const { return budget_.counters().evicted_by(why).get(); }
  // How often a reading was refused for each reason, and how often it was not.
  std::map<std::string, int> answers;

 private:
  // The second store retains every channel, also the one without a name.
  static std::vector<std::vector<Rule>> rules() {
    std::vector<Rule> some = {rule("busy.*", 30), rule("small.*", 100, milliseconds(8000), 600),
                              rule("short.*", 50, milliseconds(300)), rule("rare.*", 3, milliseconds(20000))};
    std::vector<Rule> all = some;
    all.push_back(rule("*", 60, milliseconds(5000), 8000));
    return {some, all};
  }
  std::uint64_t up_to(std::uint64_t n) { return dice_() % n; }
  bool chance(std::uint64_t percent) { return up_to(100) < percent; }
  void expect(const std::string& what, const std::string& is, const std::string& should_be) {
    if (failure_.empty() && is != should_be)
      failure_ = what + ": \"" + is + "\" instead of \"" + should_be + "\"";
  }
  void expect(const std::string& what, std::uint64_t is, std::uint64_t should_be) {
    expect(what, std::to_string(is), std::to_string(should_be));
  }

  void append();
  void read_after();
  void read_last();
  void raise_floor();
  void renew_last_store();
  void compare_counters();

  std::mt19937_64 dice_;
  const std::vector<std::vector<Rule>> rules_;
  Budget budget_;
  NaiveHistory naive_;
  std::array<std::unique_ptr<Store>, kStores> stores_;
  WallTime now_ = at(0);
  std::uint64_t number_ = 0;
  std::size_t store_ = 0;  // the one of this step
  std::string failure_;
};

void HistoryWalk::append() {
  const std::string name = kNames[up_to(kNames.size())];
  // Sometimes both stores get an event of the same number, and rarely one store gets a number twice.
  if (chance(50) || (naive_.store(store_).highest >= number_ && up_to(500) > 0)) number_ += 1 + up_to(2);
  const std::string body =
      "{\"n\":" + std::to_string(number_) + std::string(up_to(chance(95) ? 60 : 3000), ' ') + "}";
  const bool is_verbatim = chance(80);
  const std::string frame = is_verbatim ? "\x81." + body : "\x81.{}";
  const auto tag = static_cast<Tag>(up_to(64));
  const std::uint64_t size = 40 + frame.size() + (is_verbatim ? 0 : body.size());
  const std::uint64_t memory = std::max<std::uint64_t>(32, (size + 23) / 16 * 16);
  const bool is_memory_left = !chance(1);
  const carillon::testing::AllocationCeiling ceiling(is_memory_left ? kUnlimited : 1);
  const auto appended = stores_[store_]->append(name, {number_, tag, now_, frame, 2, body});
  const auto should_be =
      naive_.append(store_, name, {number_, tag, now_, frame.size(), memory}, is_memory_left);
  expect("append()", static_cast<std::uint64_t>(appended), static_cast<std::uint64_t>(should_be));
}

void HistoryWalk::read_after() {
  const std::string name = kNames[up_to(kNames.size())];
  After query;
  query.number = chance(80) ? number_ - std::min(number_, up_to(150)) : up_to(number_ + 10);
  query.mask = chance(50) ? kAllTags : dice_();
  query.limits = chance(70) ? kEverything : ReadingLimits{up_to(20), up_to(3000)};
  const auto reading = stores_[store_]->after(name, query, now_);
  const std::string is = shown(reading);
  expect("after()", is, naive_.after(store_, name, query, now_));
  ++answers[reading ? "recovered" : is];
  if (!reading) return;
  expect("what was recovered", is, naive_.everything_after(store_, name, query));
  if (query.number < naive_.store(store_).gap_floor) failure_ = "recovered over a gap";
  for (const auto& record : *reading) {
    if (!record->body().starts_with("{\"n\":" + std::to_string(record->number())))
      failure_ = "another event's body";
  }
}

void HistoryWalk::read_last() {
  const std::string name = kNames[up_to(kNames.size())];
  const std::size_t count = up_to(40);
  const TagMask mask = chance(50) ? kAllTags : dice_();
  expect("last()", shown(stores_[store_]->last(name, count, mask, now_)),
         naive_.last(store_, name, count, mask, now_));
}

void HistoryWalk::raise_floor() {
  const std::uint64_t number = chance(50) ? number_ : up_to(number_ + 1);
  stores_[store_]->raise_floor(number);
  NaiveStore& naive = naive_.store(store_);
  naive.gap_floor = std::max(naive.gap_floor, number);
  naive.highest = std::max(naive.highest, number);
}

void HistoryWalk::renew_last_store() {
  stores_.back().reset();
  stores_.back() = std::make_unique<Store>(budget_, rules_.back(), kKey);
  naive_.renew_last_store();
}

void HistoryWalk::compare_counters() {
  const HistoryCounters& counters = budget_.counters();
  expect("events", counters.events.get(), naive_.events());
  expect("bytes", counters.bytes.get(), naive_.bytes());
  expect("channels", counters.channels.get(), naive_.channels());
  for (std::size_t why = 0; why < kEvictions; ++why) {
    const auto eviction = static_cast<Eviction>(why);
    expect("evictions of reason " + std::to_string(why), counters.evicted_by(eviction).get(),
           naive_.evicted_by(eviction));
  }
}

void HistoryWalk::step() {
  store_ = up_to(kStores);
  const std::uint64_t what = up_to(1000);
  if (what < 550) {
    append();
  } else if (what < 850) {
    read_after();
  } else if (what < 900) {
    read_last();
  } else if (what < 980) {
    now_ += milliseconds(chance(95) ? up_to(60) : 0) - milliseconds(chance(3) ? 100 : 0);
  } else if (what < 996) {
    stores_[store_]->expire(now_);
    naive_.expire(store_, now_);
  } else if (what < 999) {
    raise_floor();
  } else {
    renew_last_store();
  }
  compare_counters();
}

using Evicted = std::array<std::uint64_t, kEvictions>;

void walk(std::uint64_t seed, int steps, Evicted& evicted) {
  // Some seeds meet a tight budget, some few channels, some both.
  const BudgetLimits limits{seed % 2 == 0 ? kUnlimited : 12'000, seed % 3 == 0 ? 7U : 100U};
  HistoryWalk history(seed, limits);
  for (int i = 0; i < steps; ++i) {
    history.step();
    ASSERT_EQ(history.failure(), "") << "seed " << seed << ", step " << i;
  }
  for (const char* answer : {"recovered", "no_history", "evicted", "gap", "too_many"}) {
    EXPECT_GT(history.answers[answer], 0) << answer << " never happened, seed " << seed;
  }
  for (std::size_t why = 0; why < kEvictions; ++why)
    evicted[why] += history.evicted_by(static_cast<Eviction>(why));
}

TEST(HistoryModel, EveryReadingIsCompleteOrRefusedForTheRightReason) {
  Evicted evicted{};
  if (const char* one = std::getenv("CARILLON_MODEL_SEED")) {
    walk(std::strtoull(one, nullptr, 10), 100'000, evicted);
    return;
  }
  for (std::uint64_t seed = 1; seed <= 10 && !HasFatalFailure(); ++seed) walk(seed, 10'000, evicted);
  for (std::size_t why = 0; why < kEvictions; ++why) EXPECT_GT(evicted[why], 20U) << "reason " << why;
}

}  // namespace
}  // namespace carillon::history::testing
