#include "app/process/history_transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace carillon::app {
namespace {

using ::testing::HasSubstr;

gateway::OfferedHistory offered() {
  gateway::OfferedHistory all{"1048576\norders.*", ~std::uint64_t{0}, {}, {}};
  all.stores.push_back({"orders", "source.channels=[\"orders.*\"]\n", 7});
  all.stores.push_back({"chat", "\"quoted\"", 0});
  history::Snapshot snapshot;
  snapshot.channels.push_back({"a", 3, {}});
  snapshot.channels.back().records.push_back(
      history::Record::try_make({4, 0, WallTime(milliseconds(9)), R"({"d":{"n":1}})", 0, R"({"n":1})"}));
  all.snapshots.push_back(std::move(snapshot));
  all.snapshots.emplace_back();
  return all;
}

TEST(HistoryTransfer, TheMessageSaysWhatTheOtherProcessMustCompare) {
  const auto read = read_history_message(history_message(offered()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->sources, offered().sources);
  EXPECT_EQ(read->last_event, ~std::uint64_t{0});
  ASSERT_EQ(read->stores.size(), 2U);
  EXPECT_EQ(read->stores[0].endpoint, "orders");
  EXPECT_EQ(read->stores[0].source, offered().stores[0].source);
  EXPECT_EQ(read->stores[0].gap_floor, 7U);
  EXPECT_EQ(read->stores[1].source, "\"quoted\"");
}

TEST(HistoryTransfer, AnythingElseIsRefused) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"format":2,"sources":"","last":"1","endpoints":[]})",
        R"({"format":1,"sources":"","last":1,"endpoints":[]})", R"({"format":1,"sources":"","last":"1"})",
        R"({"format":1,"sources":"","last":"-1","endpoints":[]})",
        R"({"format":1,"sources":"","last":"18446744073709551616","endpoints":[]})",
        R"({"format":1,"sources":"","last":"1","endpoints":[{"name":"a","source":"b"}]})"}) {
    EXPECT_FALSE(read_history_message(text)) << text;
  }
}

TEST(HistoryTransfer, TheFileHasTheEventsAndTheFloors) {
  const auto file = write_history_file(offered());
  ASSERT_TRUE(file) << file.error().message;
  const auto opened = HistoryFile::open(*file);
  ASSERT_TRUE(opened) << opened.error().message;
  std::string seen;
  const auto read = history::SnapshotReader(opened->bytes(), 2)
                        .read([&](const auto& each) { seen.append(each.channel).append(each.event.body); },
                              [&](const auto& floor) { seen += std::to_string(floor.number) + ";"; });
  EXPECT_TRUE(read);
  EXPECT_EQ(seen, R"(a{"n":1}3;0;0;)");
}

// A file that becomes shorter while it is read would be a SIGBUS.
TEST(HistoryTransfer, AFileThatCouldStillChangeIsNotRead) {
  const reactor::FileDescriptor open(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::write(open.get(), "x", 1), 1);
  EXPECT_THAT(HistoryFile::open(open).error().message, HasSubstr("not sealed"));
  const auto sealed = write_history_file(offered());
  EXPECT_NE(::ftruncate(sealed->get(), 1), 0);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const reactor::FileDescriptor reading(pipe[0]);
  const reactor::FileDescriptor writing(pipe[1]);
  EXPECT_THAT(HistoryFile::open(reading).error().message, HasSubstr("not a file"));
}

}  // namespace
}  // namespace carillon::app
