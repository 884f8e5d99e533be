#include "http/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/allocation_ceiling.h"

namespace carillon::http {
namespace {

RequestHead sized(std::uint64_t bytes) {
  RequestHead head;
  head.body = BodyKind::sized;
  head.content_length = bytes;
  return head;
}
RequestHead chunked() {
  RequestHead head;
  head.body = BodyKind::chunked;
  return head;
}

struct Outcome {
  BodyState state = BodyState::need_more;
  std::size_t consumed = 0;
  int status = 0;
  std::string body;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in_parts(const RequestHead& head, std::size_t bytes_max,
                      const std::vector<std::string_view>& parts) {
  BodyReader reader(head, bytes_max);
  std::size_t consumed = 0;
  for (const std::string_view part : parts) {
    const auto step = reader.feed(part);
    consumed += step.consumed;
    EXPECT_EQ(step.state, reader.state());
    EXPECT_LE(reader.body().size(), bytes_max);
    if (step.state != BodyState::need_more) break;
    EXPECT_EQ(step.consumed, part.size());
  }
  const int status = reader.state() == BodyState::fault ? reader.fault().status : 0;
  const bool done = reader.state() == BodyState::done;
  return {reader.state(), consumed, status, done ? reader.take_body() : std::string()};
}

// Whole, byte by byte, and cut in two at every offset: all must agree.
Outcome read(const RequestHead& head, std::string_view text, std::size_t bytes_max = 1000) {
  const Outcome whole = read_in_parts(head, bytes_max, {text});
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  EXPECT_EQ(read_in_parts(head, bytes_max, bytes), whole) << text;
  for (std::size_t i = 1; i < text.size() && text.size() < 2000; ++i) {
    EXPECT_EQ(read_in_parts(head, bytes_max, {text.substr(0, i), text.substr(i)}), whole)
        << text << " cut at " << i;
  }
  return whole;
}

Outcome read_chunked(std::string_view text, std::size_t bytes_max = 1000) {
  return read(chunked(), text, bytes_max);
}

TEST(BodyReader, NoBodyIsDoneAtOnce) {
  EXPECT_EQ(BodyReader(RequestHead(), 10).state(), BodyState::done);
  EXPECT_EQ(BodyReader(sized(0), 0).state(), BodyState::done);
  EXPECT_EQ(BodyReader(sized(0), 0).feed("GET").consumed, 0u);
}

TEST(BodyReader, TakesContentLengthBytesAndNoMore) {
  EXPECT_EQ(read(sized(5), "helloGET /"), (Outcome{BodyState::done, 5, 0, "hello"}));
  EXPECT_EQ(read(sized(5), "hell").state, BodyState::need_more);
}

TEST(BodyReader, BoundsASizedBodyBeforeAByteComes) {
  EXPECT_EQ(BodyReader(sized(9), 10).state(), BodyState::need_more);
  EXPECT_EQ(BodyReader(sized(10), 10).state(), BodyState::need_more);
  EXPECT_EQ(BodyReader(sized(11), 10).fault().status, 413);
  EXPECT_EQ(BodyReader(sized(UINT64_MAX), 10).fault().status, 413);
}

TEST(BodyReader, JoinsChunks_Rfc9112_7_1) {
  const std::string_view text = "5\r\nhello\r\n1\r\n \r\n00a\r\n0123456789\r\n0\r\n\r\n";
  EXPECT_EQ(read_chunked(std::string(text) + "GET /"),
            (Outcome{BodyState::done, text.size(), 0, "hello 0123456789"}));
  EXPECT_EQ(read_chunked("0\r\n\r\n"), (Outcome{BodyState::done, 5, 0, ""}));
  EXPECT_EQ(read_chunked("A\r\n0\r\n\r\nabcde\r\n0\r\n\r\n").body, "0\r\n\r\nabcde");
  EXPECT_EQ(read_chunked("5;name=\"v\"\r\nhello\r\n0;x\r\n\r\n").body, "hello");
}

TEST(BodyReader, DropsTrailers) {
  EXPECT_EQ(read_chunked("1\r\na\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n").body, "a");
}

// Regression: any line was a trailer, so that "0\r\nXX" swallowed the head of the request behind it, and that
// request's body was answered as a request.
TEST(BodyReader, ATrailerLineIsAHeaderField_Rfc9112_7_1_2) {
  const std::string last = "1\r\na\r\n0\r\n";
  for (const std::string trailers :
       {"XXPOST / HTTP/1.1\r\nHost: x\r\n\r\n", "XX\r\n\r\n", "X\r\n\r\n", "X : y\r\n\r\n", "X y: z\r\n\r\n",
        ": y\r\n\r\n", " X: y\r\n\r\n", "A: b\r\nXX\r\n\r\n", "A: b\r\n c\r\n\r\n"}) {
    EXPECT_EQ(read_chunked(last + trailers).status, 400) << trailers;
  }
  EXPECT_EQ(read_chunked(last + "A:\r\nB: c : d\r\n\r\n").body, "a");
}

TEST(BodyReader, RefusesLooseChunks) {
  for (const auto text : {"\r\n",
                          " 5\r\nhello\r\n",
                          "5 \r\nhello",
                          "5\nhello",
                          "5\rhello",
                          "x\r\n",
                          "-1\r\n",
                          "+1\r\n",
                          "0x5\r\n",
                          ";a\r\n",
                          "5\r\nhelloX",
                          "5\r\nhello\n",
                          "5\r\nhello\rX",
                          "5\r\nhello0\r\n",
                          "5;a\nhello",
                          "5;\x01\r\n",
                          "0\r\nX y\r\n\rZ",
                          "0\r\n X: y\r\n",
                          "0\r\nX: \x01\r\n",
                          "0\r\n\n",
                          "0\r\n\rX",
                          "000000005\r\nhello",
                          "FFFFFFFFF\r\n",
                          "G\r\n"}) {
    EXPECT_EQ(read_chunked(text).status, 400) << text;
  }
}

TEST(BodyReader, BoundsAChunkedBody) {
  const auto body = [](std::size_t bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx", bytes - 1);
    return "1\r\na\r\n" + std::string(size) + "\r\n" + std::string(bytes - 1, 'b') + "\r\n0\r\n\r\n";
  };
  EXPECT_EQ(read_chunked(body(99), 100).state, BodyState::done);
  EXPECT_EQ(read_chunked(body(100), 100).state, BodyState::done);
  EXPECT_EQ(read_chunked(body(101), 100).status, 413);
  EXPECT_EQ(read_chunked("ffffffff\r\n", 100).status, 413);
}

TEST(BodyReader, BoundsExtensionsAndTrailers) {
  const auto extension = [](std::size_t bytes) {
    return "1;" + std::string(bytes, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  EXPECT_EQ(read_chunked(extension(255)).state, BodyState::done);
  EXPECT_EQ(read_chunked(extension(256)).state, BodyState::done);
  EXPECT_EQ(read_chunked(extension(257)).status, 400);
  // The whole of the trailers, the empty line too.
  const auto trailers = [](std::size_t bytes) {
    return "0\r\nX:" + std::string(bytes - 6, 'y') + "\r\n\r\n";
  };
  EXPECT_EQ(read_chunked(trailers(4095)).state, BodyState::done);
  EXPECT_EQ(read_chunked(trailers(4096)).state, BodyState::done);
  EXPECT_EQ(read_chunked(trailers(4097)).status, 400);
}

// An extension of 250 bytes before each byte of body would make a small body endless.
TEST(BodyReader, BoundsTheFramingOfAllChunksTogether) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "1;" + std::string(250, 'x') + "\r\na\r\n";
  EXPECT_EQ(read_chunked(text, 1000).status, 400);
  std::string honest;
  for (int i = 0; i < 1000; ++i) honest += "1\r\na\r\n";
  EXPECT_EQ(read_chunked(honest + "0\r\n\r\n", 1000).state, BodyState::done);
}

TEST(BodyReader, WithoutMemoryForItsBodyIsAtFault) {
  for (const RequestHead& head : {sized(100'000), chunked()}) {
    const testing::AllocationCeiling ceiling(50'000);
    BodyReader reader(head, 1'000'000);
    if (head.body == BodyKind::chunked) reader.feed("186a0\r\n");  // 100,000
    const std::string piece(10'000, 'x');
    int fed = 0;
    while (reader.state() == BodyState::need_more && ++fed < 10) reader.feed(piece);
    EXPECT_EQ(reader.state(), BodyState::fault);
    EXPECT_EQ(reader.fault().status, 503);
    EXPECT_LT(reader.held_bytes(), 100U) << "what has come is given back";
  }
}

TEST(BodyReader, HoldsNoMoreMemoryThanItsDeclaredSize) {
  BodyReader reader(sized(100'000), 1'000'000);
  const std::string piece(30'000, 'x');
  for (int i = 0; i < 4; ++i) {
    reader.feed(piece);
    EXPECT_LE(reader.held_bytes(), 100'000U);
    EXPECT_LE(reader.held_bytes(), 2 * reader.body().size());
  }
  EXPECT_EQ(reader.body().size(), 100'000U);
}

}  // namespace
}  // namespace carillon::http
