// The parts of the engine one by one: frames, event logs, members, outboxes, the subscription index.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "fanout/members.h"
#include "fanout/outbox.h"
#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;

TEST(Subscription, HoldsEveryLogAndEveryPosition) {
  for (const std::uint32_t log : {0U, 1U, 65535U, 65536U, Subscription::kLogsMax - 1}) {
    for (const std::uint32_t position : {0U, 1U, 63U, 64U, Subscription::kPositionsMax - 1}) {
      Subscription subscription(log, position);
      EXPECT_EQ(subscription.log(), log);
      EXPECT_EQ(subscription.position(), position);
      subscription.move_to(Subscription::kPositionsMax - 1 - position);
      EXPECT_EQ(subscription.log(), log);
      EXPECT_EQ(subscription.position(), Subscription::kPositionsMax - 1 - position);
    }
  }
  EXPECT_DEATH(Subscription(Subscription::kLogsMax, 0), "log");
  EXPECT_DEATH(Subscription(0, Subscription::kPositionsMax), "position");
}

TEST(InlineList, KeepsItsValuesAsItGrowsAndShrinks) {
  InlineList<Subscription> list;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    list.push_back({i, i});
    for (std::uint32_t j = 0; j <= i; j += 97) EXPECT_EQ(list[j].log(), j);
  }
  while (list.size() > 10) list.pop_back();
  list.shrink();
  ASSERT_EQ(list.size(), 10U);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(list[i].position(), i);
  list.clear();
  EXPECT_EQ(list.size(), 0U);
}

TEST(Frame, SharedFramesLieSideBySideUntilTheirBlockIsFull) {
  FrameMemory memory{1 << 30};
  FrameArena arena{memory, transport::websocket_encoder()};
  const auto a = arena.make_shared("a");
  const auto b = arena.make_shared("b");
  EXPECT_EQ(a->plain().data() + a->plain().size(), b->plain().data());
  EXPECT_EQ(a->plain(), text_frame("a"));
  std::vector<Ref<const Frame>> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(arena.make_shared(std::string(5000, static_cast<char>('0' + i % 10))));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(many[static_cast<std::size_t>(i)]->plain()[4], '0' + i % 10);
}

TEST(Frame, OneOf16KiBHasABlockOfItsOwn) {
  for (const std::size_t size : {16383U, 16384U, 16385U}) {  // on the wire
    FrameMemory memory{1 << 30};
    FrameArena arena{memory, transport::websocket_encoder()};
    const auto before = arena.make_shared("a");
    const auto frame = arena.make_shared(std::string(size - 4, 'x'));
    const auto after = arena.make_shared("b");
    EXPECT_EQ(frame->plain().size(), size);
    EXPECT_EQ(before->plain().data() + before->plain().size() == after->plain().data(), size >= 16384);
  }
}

TEST(Frame, AHeaderOfEachLength) {
  FrameMemory memory{1 << 30};
  FrameArena arena{memory, transport::websocket_encoder()};
  for (const std::size_t size : {0U, 125U, 126U, 65535U, 65536U}) {
    const auto frame = arena.make_shared(std::string(size, 'x'));
    EXPECT_THAT(payloads_in(frame->plain()), ElementsAre(std::string(size, 'x')));
  }
}

TEST(Frame, WhatDoesNotCompressStaysPlain) {
  transport::WebSocketCompressor compressor;
  FrameMemory memory{1 << 30};
  const auto frame = FrameArena(memory, transport::websocket_encoder()).make_own("ab");
  EXPECT_EQ(frame->compressed(compressor).data(), frame->plain().data());
}

// For ThreadSanitizer: shards meet at the frame alone.
TEST(Frame, TwoShardsMayDeflateItAtOnce) {
  for (int round = 0; round < 50; ++round) {
    FrameMemory memory{1 << 30};
    FrameArena arena{memory, transport::websocket_encoder()};
    Ref<const Frame> frame = arena.make_shared(std::string(3000, 'x') + std::to_string(round));
    std::string_view seen[2];
    {
      std::vector<std::jthread> shards;
      for (auto& view : seen) {
        shards.emplace_back([frame, &view] {
          transport::WebSocketCompressor compressor;
          view = frame->compressed(compressor);
          EXPECT_EQ(payloads_in(view).size(), 1U);
        });
      }
      // The Router goes on writing into the same block meanwhile.
      for (int i = 0; i < 100; ++i) arena.make_shared("another");
    }
    EXPECT_EQ(seen[0].data(), seen[1].data());
    EXPECT_THAT(payloads_in(seen[0]), ElementsAre(std::string(3000, 'x') + std::to_string(round)));
  }
}

TEST(EventLog, NumbersAndBytesAcrossTheWrap) {
  EventLog log;
  log.start_numbers_at(0xfffffff0U);
  const Cursor begin = log.head();
  FrameMemory memory{1 << 30};
  FrameArena arena{memory, transport::websocket_encoder()};
  for (int i = 0; i < 100; ++i) log.append(arena.make_own(std::string(8, 'x')), 0);
  EXPECT_EQ(log.size(), 100U);
  EXPECT_EQ(log.bytes(), 1000U);
  EXPECT_EQ(log.pending(begin), 100U);
  EXPECT_EQ(log.lost(begin), 0U);
  log.drop_until(begin + 40);
  EXPECT_EQ(log.lost(begin), 40U);
  EXPECT_EQ(log.pending_bytes(begin), 600U);
  EXPECT_EQ(log.pending_bytes(begin + 99), 10U);
  EXPECT_EQ(log.pending_bytes(log.head()), 0U);
  log.drop_until(log.head());
  EXPECT_EQ(log.bytes(), 0U);
  EXPECT_EQ(log.lost(begin), 100U);
}

TEST(Members, ATurnEndsOneFullRoundAfterTheLastAppend) {
  Members members;
  for (std::uint32_t id = 0; id < 5; ++id) members.join(id, 0);
  EXPECT_FALSE(members.sweeping());
  members.start_full_turn(0);
  members.advance(1);
  members.advance(1);
  members.start_full_turn(1);
  for (int i = 0; i < 3; ++i) members.advance(2);
  EXPECT_EQ(members.swept_until(), 1U);  // a round since the first append
  EXPECT_EQ(members.advance(2).subscriber, 0U);
  EXPECT_TRUE(members.sweeping());
  members.advance(2);
  EXPECT_FALSE(members.sweeping());
  EXPECT_EQ(members.swept_until(), 2U);
}

TEST(Members, ATurnCountsThoseWhoJoinWhileItIsUnderWay) {
  Members members;
  for (std::uint32_t id = 0; id < 3; ++id) members.join(id, 0);
  members.start_full_turn(0);
  for (int i = 0; i < 3; ++i) members.advance(1);  // the next turn begins at 0 again
  members.start_full_turn(1);
  members.advance(2);  // 0
  members.join(3, 2);  // behind 2
  members.start_full_turn(2);
  members.advance(3);
  members.advance(3);  // 2: three slots of four
  EXPECT_EQ(members.swept_until(), 1U);
  EXPECT_EQ(members.advance(3).subscriber, 3U);
  EXPECT_EQ(members.swept_until(), 2U);
}

TEST(Members, CompactionGivesBackWhatOnceWasMuchLonger) {
  Members members;
  for (std::uint32_t id = 0; id < 10000; ++id) members.join(id, 0);
  for (std::uint32_t id = 0; id < 9990; ++id) members.leave(id);
  std::set<std::uint32_t> moved;
  members.compact([&](std::uint32_t id, std::uint32_t position) {
    EXPECT_EQ(members.at(position).subscriber, id);
    EXPECT_TRUE(moved.insert(position).second);
  });
  EXPECT_EQ(members.slots(), 10U);
  EXPECT_EQ(moved.size(), 10U);
  EXPECT_EQ(members.join(7, 0), 10U);
}

TEST(Outbox, ItsAgeIsThatOfTheFirstBatchThatIsNotOut) {
  Outbox outbox;
  outbox.put("aaaa", 100);
  outbox.put("bb", 200);
  outbox.put("cc", 300);
  EXPECT_EQ(outbox.oldest_ms(), 100U);
  outbox.consume(3);
  EXPECT_EQ(outbox.oldest_ms(), 100U);
  outbox.consume(1);
  EXPECT_EQ(outbox.oldest_ms(), 200U);
  outbox.put("dd", 400);
  outbox.consume(4);
  EXPECT_EQ(outbox.oldest_ms(), 400U);
  outbox.consume(2);
  outbox.put("ee", 500);
  EXPECT_EQ(outbox.oldest_ms(), 500U);
}

TEST(Outbox, AStreamThroughItDoesNotPileUp) {
  Outbox outbox;
  std::string in, out;
  iovec pieces[2];
  FrameMemory memory{1 << 30};
  outbox.put_rest(FrameArena(memory, transport::websocket_encoder()).make_own(std::string(20000, 'r')),
                  std::string_view("rest"), 0, 0);
  in = "rest";
  for (int i = 0; i < 20000; ++i) {
    const std::string bytes = std::to_string(i);
    outbox.put(bytes, 0);
    in += bytes;
    if (outbox.size() < 100) continue;
    const int count = outbox.gather(pieces);
    ASSERT_EQ(count, 1);
    out.append(static_cast<const char*>(pieces[0].iov_base), 10);
    outbox.consume(10);
  }
  const int count = outbox.gather(pieces);
  for (int i = 0; i < count; ++i) out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  EXPECT_EQ(in, out);
}

}  // namespace
}  // namespace carillon::fanout::testing
