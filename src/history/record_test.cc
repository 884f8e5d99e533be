#include "history/record.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/testing/allocation_ceiling.h"
#include "history/record_list.h"
#include "history/testing/stage.h"

namespace carillon::history::testing {
namespace {

Ref<const Record> numbered(std::uint64_t number) {
  return Record::try_make({number, 0, at(0), "frame", 0, "frame"});
}

TEST(HistoryRecord, HoldsTheFrameAndWhereItsPayloadAndBodyAre) {
  const std::string frame = "\x81\x13{\"event\":{\"a\":1},1}";
  const auto record = Record::try_make({42, 63, at(7), frame, 2, "{\"a\":1}"});
  EXPECT_EQ(record->number(), 42U);
  EXPECT_EQ(record->tag(), 63);
  EXPECT_EQ(record->received(), at(7));
  EXPECT_EQ(record->frame(), frame);
  EXPECT_EQ(record->payload(), frame.substr(2));
  EXPECT_EQ(record->body(), "{\"a\":1}");
  EXPECT_EQ(record->body().data(), record->frame().data() + 11) << "stored once";
}

TEST(HistoryRecord, ABodyThatThePayloadDoesNotContainIsStoredBehindTheFrame) {
  const auto record = Record::try_make({1, 0, at(0), "\x81\x07hello!!", 2, "{\"greet\": true}"});
  EXPECT_EQ(record->frame(), "\x81\x07hello!!");
  EXPECT_EQ(record->payload(), "hello!!");
  EXPECT_EQ(record->body(), "{\"greet\": true}");
  EXPECT_GE(record->body().data(), record->frame().data() + record->frame().size());
}

// Two ways of search meet at 256 places where the body could begin.
TEST(HistoryRecord, TheBodyIsFoundInALongAndInAShortTemplate) {
  for (const std::size_t rest : {0U, 254U, 255U, 256U, 5000U}) {
    const std::string frame = "\x81." + std::string(rest, '[') + "[[1]]";
    const auto record = Record::try_make({1, 0, at(0), frame, 2, "[[1]]"});
    EXPECT_EQ(record->body(), "[[1]]") << rest;
    EXPECT_EQ(record->body().data(), record->frame().data() + 2 + rest) << rest;
    const auto other = Record::try_make({1, 0, at(0), frame, 2, "[[2]]"});
    EXPECT_EQ(other->body(), "[[2]]") << rest;
    EXPECT_EQ(other->body().data(), other->frame().data() + frame.size()) << rest;
  }
}

TEST(HistoryRecord, ABodyIsNotFoundInTheHeaderOfTheFrame) {
  const auto record = Record::try_make({1, 0, at(0), "12xyz", 2, "12"});
  EXPECT_EQ(record->body(), "12");
  EXPECT_NE(record->body().data(), record->frame().data());
}

TEST(HistoryRecord, FrameAndBodyMayBeEmpty) {
  const auto record = Record::try_make({1, 0, at(0), "", 0, ""});
  EXPECT_EQ(record->frame(), "");
  EXPECT_EQ(record->payload(), "");
  EXPECT_EQ(record->body(), "");
  EXPECT_EQ(Record::try_make({1, 0, at(0), std::string(255, 'h'), 255, ""})->payload(), "");
}

TEST(HistoryRecord, CostsAtMost63BytesBesidesItsFrame) {
  for (std::size_t size = 0; size < 600; ++size) {
    const std::string frame(size, 'x');
    EXPECT_LE(Record::try_make({1, 0, at(0), frame, 0, frame})->memory() - size, 63U) << size;
  }
}

TEST(HistoryRecord, ATimeBeforeTheEpochOfTheClockBecomesItsEpoch) {
  EXPECT_EQ(Record::try_make({1, 0, WallTime(milliseconds(-5)), "", 0, ""})->received(), WallTime());
  EXPECT_EQ(Record::try_make({1, 0, WallTime::max(), "", 0, ""})->received(),
            WallTime(milliseconds((std::int64_t{1} << 48) - 1)));
}

TEST(HistoryRecord, IsNotMadeWithoutMemory) {
  const std::string frame(100, 'x');
  {
    const carillon::testing::AllocationCeiling ceiling(sizeof(Record) + 99);
    EXPECT_FALSE(Record::try_make({1, 0, at(0), frame, 0, frame}));
  }
  const carillon::testing::AllocationCeiling ceiling(sizeof(Record) + 100);
  EXPECT_TRUE(Record::try_make({1, 0, at(0), frame, 0, frame}));
}

// A shard sends a record while the thread of the Store links the next one to it and evicts it.
TEST(HistoryRecordList, OtherThreadsReadRecordsWhileTheListChanges) {
  RecordList list;
  std::vector<std::jthread> threads;
  for (std::uint64_t number = 1; number <= 400; ++number) {
    list.push_newest(numbered(number));
    if (number % 100 == 0) {
      Records held;
      for (RecordList::Walk walk(list); walk.record(); walk.to_older()) held.push_back(walk.reference());
      threads.emplace_back([records = std::move(held)] {
        for (const auto& record : records) {
          const Ref<const Record> another = record;
          if (another->body() != "frame") std::abort();
        }
      });
    }
    if (number > 150) list.pop_oldest();
  }
}

std::string newest_first(const RecordList& list) {
  std::string numbers;
  for (RecordList::Walk walk(list); walk.record(); walk.to_older()) {
    numbers += std::to_string(walk.record()->number()) + " ";
  }
  return numbers;
}

TEST(HistoryRecordList, IsAQueueThatIsWalkedFromItsNewest) {
  RecordList list;
  EXPECT_EQ(newest_first(list), "");
  EXPECT_EQ(list.oldest(), nullptr);
  for (std::uint64_t number = 1; number <= 3; ++number) {
    list.push_newest(numbered(number));
    EXPECT_EQ(list.size(), number);
    EXPECT_EQ(list.bytes(), number * numbered(1)->memory());
  }
  EXPECT_EQ(newest_first(list), "3 2 1 ");
  EXPECT_EQ(list.pop_oldest()->number(), 1U);
  EXPECT_EQ(newest_first(list), "3 2 ");
  list.push_newest(numbered(4));
  EXPECT_EQ(newest_first(list), "4 3 2 ");
  for (std::uint64_t number = 2; number <= 4; ++number) {
    EXPECT_EQ(list.oldest()->number(), number);
    EXPECT_EQ(list.pop_oldest()->number(), number);
  }
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.bytes(), 0U);
  list.push_newest(numbered(5));
  EXPECT_EQ(newest_first(list), "5 ");
}

TEST(HistoryRecordList, ARecordOutlivesItsListWhileItIsHeld) {
  Ref<const Record> held;
  {
    RecordList list;
    list.push_newest(numbered(1));
    list.push_newest(numbered(2));
    RecordList::Walk walk(list);
    walk.to_older();
    held = walk.reference();
  }
  EXPECT_EQ(held->number(), 1U);
  EXPECT_EQ(held->frame(), "frame");
}

}  // namespace
}  // namespace carillon::history::testing
