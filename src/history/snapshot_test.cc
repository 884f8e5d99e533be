#include "history/snapshot.h"

#include <gtest/gtest.h>

#include <string>

#include "history/testing/stage.h"

namespace carillon::history::testing {
namespace {

std::string written(const std::vector<Snapshot>& stores) {
  std::string bytes;
  EXPECT_TRUE(write_snapshots(stores, [&bytes](std::string_view part) {
    bytes += part;
    return true;
  }));
  return bytes;
}

// Restores as a process that takes over does; `stage` has a store for each of the snapshot's.
Result<std::monostate> restore(std::string_view bytes, const std::vector<Store*>& stores) {
  return SnapshotReader(bytes, stores.size())
      .read([&](const auto& each) { stores[each.store]->append(each.channel, each.event); },
            [&](const auto& floor) {
              if (floor.channel) {
                stores[floor.store]->raise_channel_floor(*floor.channel, floor.number);
              } else {
                stores[floor.store]->raise_folded_floor(floor.number);
              }
            });
}

// Every answer that two stores can give about these channels.
void expect_same_answers(const Stage& one, const Store& a, const Store& b) {
  for (const std::string channel : {"a", "b", "c", "gone", "never", "other"}) {
    for (std::uint64_t number = 0; number < 40; ++number) {
      const After query{number, kAllTags, kEverything};
      EXPECT_EQ(shown(a.after(channel, query, one.now)), shown(b.after(channel, query, one.now)))
          << channel << " after " << number;
    }
    EXPECT_EQ(shown(a.last(channel, 5, kAllTags, one.now)), shown(b.last(channel, 5, kAllTags, one.now)));
    EXPECT_EQ(a.floor(channel), b.floor(channel)) << channel;
  }
}

std::vector<Rule> rules() { return {rule("other", 0), rule("*", 3)}; }

void fill(Stage& stage, std::uint64_t from) {
  for (std::uint64_t number = from; number < from + 12; ++number) {
    stage.append(std::string(1, static_cast<char>('a' + number % 3)), number, static_cast<Tag>(number % 5));
  }
}

TEST(Snapshot, ARestoredStoreGivesTheSameAnswers) {
  Stage stage(rules());
  stage.append("gone", 1);
  stage.store.append("other", {2, 0, stage.now, "x", 0, "x"});
  fill(stage, 3);
  stage.store.raise_floor(16);
  fill(stage, 20);
  Stage next(rules());
  const Snapshot snapshot = stage.store.snapshot();
  next.store.raise_floor(snapshot.gap_floor);
  ASSERT_TRUE(restore(written({snapshot}), {&next.store}));
  expect_same_answers(stage, stage.store, next.store);
}

TEST(Snapshot, ARecordKeepsItsPayloadBodyTagAndTime) {
  Stage stage({rule("*")});
  stage.append("a", 1, 9);
  const std::string apart = "a frame";
  stage.store.append("a", {2, 63, at(5), apart, 0, "no part of it"});
  Stage next({rule("*")});
  ASSERT_TRUE(restore(written({stage.store.snapshot()}), {&next.store}));
  const auto before = stage.store.after("a", {0, kAllTags, kEverything}, stage.now);
  const auto after = next.store.after("a", {0, kAllTags, kEverything}, stage.now);
  ASSERT_EQ(after->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*after)[i]->payload(), (*before)[i]->payload());
    EXPECT_EQ((*after)[i]->body(), (*before)[i]->body());
    EXPECT_EQ((*after)[i]->tag(), (*before)[i]->tag());
    EXPECT_EQ((*after)[i]->received(), (*before)[i]->received());
  }
}

TEST(Snapshot, TheRecordsOfSeveralStoresComeInTheOrderOfTheirNumbers) {
  Stage stage({rule("*")});
  Store second(stage.budget, {rule("*")}, kKey);
  for (std::uint64_t number = 1; number < 10; ++number) {
    stage.append_to(number % 2 == 0 ? stage.store : second, "a", number);
  }
  std::string order;
  ASSERT_TRUE(
      SnapshotReader(written({stage.store.snapshot(), second.snapshot()}), 2)
          .read([&](const auto& each) { order += std::to_string(each.event.number); }, [](const auto&) {}));
  EXPECT_EQ(order, "123456789");
}

TEST(Snapshot, WhatIsCutOrChangedIsRefusedOrReadButNeverBeyondItsEnd) {
  Stage stage(rules());
  fill(stage, 1);
  const std::string good = written({stage.store.snapshot()});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut =
        good.substr(0, size);  // of its own, so that AddressSanitizer sees a read behind it
    Stage next(rules());
    EXPECT_FALSE(restore(cut, {&next.store})) << size;
  }
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string bad = good;
      bad[place] = static_cast<char>(bad[place] ^ flip);
      Stage next(rules());
      std::ignore = restore(bad, {&next.store});
    }
  }
  Stage next(rules());
  EXPECT_FALSE(restore(good + "x", {&next.store}));
  EXPECT_FALSE(restore(good, {}));
}

TEST(Snapshot, ASinkThatRefusesEndsTheWriting) {
  Stage stage({rule("*")});
  fill(stage, 1);
  int left = 5;
  EXPECT_FALSE(write_snapshots({stage.store.snapshot()}, [&left](std::string_view) { return --left > 0; }));
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace carillon::history::testing
