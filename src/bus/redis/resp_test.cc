#include "bus/redis/resp.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace carillon::bus {
namespace {

constexpr std::size_t kBulkMax = 1000;

// Writes each reply down as text: "[bulk:a int:1]", "status:OK".
class Recorder final : public RespConsumer {
 public:
  Next on_reply(const RespReply& reply) override {
    std::string text;
    for (const auto& value : reply.values) text += (text.empty() ? "" : " ") + show(value);
    replies.push_back(reply.shape == RespShape::array ? "[" + text + "]" : text);
    return replies.size() == stop_after ? Next::stop : Next::go_on;
  }
  static std::string show(const RespValue& value) {
    switch (value.type) {
      case RespType::status:
        return "status:" + std::string(value.text);
      case RespType::error:
        return "error:" + std::string(value.text);
      case RespType::integer:
        return "int:" + std::to_string(value.integer);
      case RespType::bulk:
        return "bulk:" + std::string(value.text);
      case RespType::nil:
        return "nil";
      case RespType::oversize:
        return "oversize";
    }
    return "?";
  }
  std::vector<std::string> replies;
  std::size_t stop_after = 0;
};

std::string bulk_reply(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

struct Vector {
  const char* name;
  std::string bytes;
  std::vector<std::string> replies;
};

std::vector<Vector> vectors() {
  const std::string large(kBulkMax, 'x');
  return {
      {"status", "+OK\r\n", {"status:OK"}},
      {"error", "-ERR no\r\n", {"error:ERR no"}},
      {"integers", ":0\r\n:-5\r\n:9223372036854775807\r\n", {"int:0", "int:-5", "int:9223372036854775807"}},
      {"bulks", "$0\r\n\r\n$3\r\na\rb\r\n$-1\r\n", {"bulk:", "bulk:a\rb", "nil"}},
      {"empty and nil arrays", "*0\r\n*-1\r\n", {"[]", "nil"}},
      {"a message",
       "*3\r\n" + bulk_reply("message") + bulk_reply("c") + bulk_reply("{\"a\":1}"),
       {"[bulk:message bulk:c bulk:{\"a\":1}]"}},
      {"a subscription's acknowledgement",
       "*3\r\n" + bulk_reply("psubscribe") + bulk_reply("a.*") + ":1\r\n",
       {"[bulk:psubscribe bulk:a.* int:1]"}},
      {"nil and lines inside an array",
       "*4\r\n$-1\r\n+S\r\n-E x\r\n:7\r\n",
       {"[nil status:S error:E x int:7]"}},
      {"a body of exactly the limit",
       "*2\r\n" + bulk_reply("m") + bulk_reply(large),
       {"[bulk:m bulk:" + large + "]"}},
      {"a body one byte over the limit, and the stream goes on",
       "*2\r\n" + bulk_reply("m") + bulk_reply(large + "y") + "*2\r\n" + bulk_reply("m") + bulk_reply("z"),
       {"[bulk:m oversize]", "[bulk:m bulk:z]"}},
      {"an oversize scalar between others",
       "+A\r\n" + bulk_reply(std::string(5000, 'q')) + ":1\r\n",
       {"status:A", "oversize", "int:1"}},
      {"an oversize name",
       "*3\r\n" + bulk_reply("m") + bulk_reply(std::string(kBulkMax + 1, 'n')) + bulk_reply("b"),
       {"[bulk:m oversize bulk:b]"}},
  };
}

TEST(RespReader, ReadsEveryVectorWholeByteByByteAndSplitAtEveryOffset) {
  for (const auto& vector : vectors()) {
    SCOPED_TRACE(vector.name);
    for (std::size_t split = 0; split <= vector.bytes.size(); ++split) {
      Recorder recorder;
      RespReader reader(kBulkMax);
      const std::string_view bytes = vector.bytes;
      ASSERT_EQ(reader.feed(bytes.substr(0, split), recorder), RespReader::Outcome::fed);
      ASSERT_EQ(reader.feed(bytes.substr(split), recorder), RespReader::Outcome::fed);
      ASSERT_EQ(recorder.replies, vector.replies) << "split at " << split;
      ASSERT_EQ(reader.buffered_bytes(), 0U);
    }
    Recorder recorder;
    RespReader reader(kBulkMax);
    for (const char byte : vector.bytes) {
      ASSERT_EQ(reader.feed({&byte, 1}, recorder), RespReader::Outcome::fed);
    }
    EXPECT_EQ(recorder.replies, vector.replies) << "byte by byte";
  }
}

TEST(RespReader, ManyMessagesInRandomSlicesArriveWhole) {
  std::mt19937 random(7);
  std::string stream;
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string body(random() % 3000, static_cast<char>('a' + i % 26));
    const std::string channel = "orion." + std::to_string(i);
    stream +=
        "*4\r\n" + bulk_reply("pmessage") + bulk_reply("orion.*") + bulk_reply(channel) + bulk_reply(body);
    expected.push_back("[bulk:pmessage bulk:orion.* bulk:" + channel + " bulk:" + body + "]");
  }
  Recorder recorder;
  RespReader reader(4096);
  for (std::string_view rest = stream; !rest.empty();) {
    const auto size = std::min<std::size_t>(rest.size(), 1 + random() % 70000);
    ASSERT_EQ(reader.feed(rest.substr(0, size), recorder), RespReader::Outcome::fed);
    rest.remove_prefix(size);
  }
  EXPECT_EQ(recorder.replies, expected);
}

TEST(RespReader, AnOversizeBulkIsNeverHeld) {
  Recorder recorder;
  RespReader reader(kBulkMax);
  reader.feed("*2\r\n$1\r\nm\r\n$200000000\r\n", recorder);
  const std::string chunk(64 * 1024, 'x');
  for (int sent = 0; sent + 65536 <= 200000000; sent += 65536) {
    ASSERT_EQ(reader.feed(chunk, recorder), RespReader::Outcome::fed);
    ASSERT_LT(reader.buffered_bytes(), 8192U);
  }
  reader.feed(std::string(200000000 % 65536, 'x') + "\r\n+after\r\n", recorder);
  EXPECT_EQ(recorder.replies, (std::vector<std::string>{"[bulk:m oversize]", "status:after"}));
}

struct Broken {
  const char* name;
  std::string bytes;
};

TEST(RespReader, HostileRepliesAreFaultsHoweverTheyArrive) {
  const std::vector<Broken> table = {
      {"an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n"},
      {"an array in an array", "*2\r\n:1\r\n*1\r\n:2\r\n"},
      {"endless nesting", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"},
      {"nine elements", "*9\r\n:1\r\n"},
      {"two thousand million elements", "*2000000000\r\n"},
      {"a negative array", "*-2\r\n"},
      {"a negative bulk", "$-2\r\n"},
      {"no number for a length", "$1x\r\n"},
      {"a length beyond 64 bits", "$99999999999999999999\r\n"},
      {"an unbelievable bulk", "$9223372036854775807\r\n"},
      {"a bulk over what is believable", "$1073741825\r\n"},
      {"no number for an integer", ":1.5\r\n"},
      {"a line without an end", "+" + std::string(kLineBytesMax + 2, 'x')},
      {"a length without an end", "$" + std::string(kLineBytesMax + 2, '1')},
      {"a line one byte too long", "+" + std::string(kLineBytesMax + 1, 'x') + "\r\n"},
      {"RESP3", "%1\r\n+a\r\n:1\r\n"},
      {"RESP3 push", ">1\r\n+a\r\n"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    Recorder recorder;
    RespReader whole(kBulkMax);
    EXPECT_EQ(whole.feed(row.bytes, recorder), RespReader::Outcome::broken);
    EXPECT_FALSE(whole.fault().empty());
    EXPECT_EQ(whole.feed("+OK\r\n", recorder), RespReader::Outcome::broken) << "spent";
    RespReader slow(kBulkMax);
    auto outcome = RespReader::Outcome::fed;
    for (const char byte : row.bytes) outcome = slow.feed({&byte, 1}, recorder);
    EXPECT_EQ(outcome, RespReader::Outcome::broken) << "byte by byte";
    EXPECT_TRUE(recorder.replies.empty());
  }
}

TEST(RespReader, LimitsHoldAtTheLimit) {
  Recorder recorder;
  RespReader reader(10000);
  EXPECT_EQ(reader.feed("+" + std::string(kLineBytesMax, 'x') + "\r\n", recorder), RespReader::Outcome::fed);
  EXPECT_EQ(reader.feed("*8\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n", recorder),
            RespReader::Outcome::fed);
  EXPECT_EQ(reader.feed("*2\r\n" + bulk_reply(std::string(kNameBytesMax, 'n')) + ":1\r\n", recorder),
            RespReader::Outcome::fed);
  EXPECT_EQ(reader.feed("*2\r\n" + bulk_reply(std::string(kNameBytesMax + 1, 'n')) + ":1\r\n", recorder),
            RespReader::Outcome::fed);
  ASSERT_EQ(recorder.replies.size(), 4U);
  EXPECT_EQ(recorder.replies[1], "[int:1 int:2 int:3 int:4 int:5 int:6 int:7 int:8]");
  EXPECT_EQ(recorder.replies[2], "[bulk:" + std::string(kNameBytesMax, 'n') + " int:1]");
  EXPECT_EQ(recorder.replies[3], "[oversize int:1]");
  Recorder last;
  RespReader believable(10);
  EXPECT_EQ(believable.feed("$1073741824\r\n", last), RespReader::Outcome::fed);
}

TEST(RespReader, SevenNamesOfTheLongestFit) {
  std::string bytes = "*8\r\n";
  for (int i = 0; i < 8; ++i) bytes += bulk_reply(std::string(kNameBytesMax, static_cast<char>('a' + i)));
  Recorder recorder;
  RespReader reader(1 << 20);
  EXPECT_EQ(reader.feed(bytes, recorder), RespReader::Outcome::fed);
  std::string lines = "*8\r\n";
  for (int i = 0; i < 8; ++i) lines += "+" + std::string(kLineBytesMax, 'z') + "\r\n";
  EXPECT_EQ(reader.feed(lines, recorder), RespReader::Outcome::fed);
  EXPECT_EQ(recorder.replies.size(), 2U);
}

TEST(RespReader, StopsWhenTheConsumerAsksForIt) {
  Recorder recorder;
  recorder.stop_after = 2;
  RespReader reader(kBulkMax);
  EXPECT_EQ(reader.feed("+1\r\n+2\r\n+3\r\n", recorder), RespReader::Outcome::stopped);
  EXPECT_EQ(recorder.replies.size(), 2U);
  EXPECT_EQ(reader.feed("+4\r\n", recorder), RespReader::Outcome::stopped);
  EXPECT_EQ(recorder.replies.size(), 2U);
  EXPECT_TRUE(reader.fault().empty());
}

TEST(RespReader, RandomBytesNeverCrashIt) {
  std::mt19937 random(3);
  const std::string_view alphabet = "*$+-:0123456789\r\n\r\nab";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (std::size_t i = random() % 60; i > 0; --i) bytes += alphabet[random() % alphabet.size()];
    Recorder recorder;
    RespReader reader(random() % 8);
    const auto split = random() % (bytes.size() + 1);
    reader.feed(std::string_view(bytes).substr(0, split), recorder);
    reader.feed(std::string_view(bytes).substr(split), recorder);
  }
}

TEST(RespCommand, IsAnArrayOfBulksWhateverIsInIt) {
  std::string out;
  append_command(out, {"PUBLISH", "a\r\nQUIT", ""});
  EXPECT_EQ(out, "*3\r\n$7\r\nPUBLISH\r\n$7\r\na\r\nQUIT\r\n$0\r\n\r\n");
  out.clear();
  const std::vector<std::string> channels{"a", "b.*"};
  append_command(out, "PSUBSCRIBE", channels);
  EXPECT_EQ(out, "*3\r\n$10\r\nPSUBSCRIBE\r\n$1\r\na\r\n$3\r\nb.*\r\n");
}

}  // namespace
}  // namespace carillon::bus
