#include "app/command/publish_batch.h"

#include <gtest/gtest.h>

namespace carillon::app {
namespace {

TEST(PublishBatch, LinesBecomeAnArray) {
  PublishBatch batch("");
  EXPECT_EQ(batch.add(R"( {"channel":"a","data":1} )", 1), std::nullopt);
  EXPECT_EQ(batch.add(R"({"data":{"x":2},"channel":"b"})", 3), std::nullopt);
  EXPECT_EQ(batch.body(), R"([{"channel":"a","data":1},{"data":{"x":2},"channel":"b"}])");
  batch.clear();
  EXPECT_TRUE(batch.is_empty());
}

TEST(PublishBatch, WithAChannelALineIsTheData) {
  PublishBatch batch("a\"b");
  EXPECT_EQ(batch.add("[1]", 1), std::nullopt);
  EXPECT_EQ(batch.body(), R"([{"channel":"a\"b","data":[1]}])");
}

TEST(PublishBatch, WhatTheGatewayWouldRefuseIsNotAdded) {
  PublishBatch batch("");
  for (const char* line :
       {"", "nonsense", "[]", "{}", R"({"channel":"a"})", R"({"data":1})", R"({"channel":1,"data":1})",
        R"({"channel":"a","data":1,"x":1})", R"({"channel":"a","data":1,"data":2})"}) {
    EXPECT_NE(batch.add(line, 1), std::nullopt) << line;
  }
  EXPECT_TRUE(batch.is_empty());
}

TEST(PublishBatch, HasAnEnd) {
  PublishBatch batch("a");
  for (std::size_t i = 0; i < PublishBatch::kEventsMax; ++i) {
    ASSERT_TRUE(batch.has_room_for("1"));
    batch.add("1", i + 1);
  }
  EXPECT_FALSE(batch.has_room_for("1"));
  PublishBatch long_lines("a");
  const std::string line = "\"" + std::string(PublishBatch::kBytesMax, 'x') + "\"";
  EXPECT_TRUE(long_lines.has_room_for(line));
  long_lines.add(line, 1);
  EXPECT_FALSE(long_lines.has_room_for("1"));
}

TEST(PublishBatch, AnAnswerNamesALine) {
  PublishBatch batch("a");
  for (const std::uint64_t line : {4U, 6U, 7U}) batch.add("1", line);
  EXPECT_EQ(batch.line_of("event 1: \"channel\" …"), 6U);
  EXPECT_EQ(batch.line_of("event 9: …"), 4U);
  EXPECT_EQ(batch.line_of("the bus is down"), 4U);
}

}  // namespace
}  // namespace carillon::app
