#include "loadgen/http_stream.h"

#include <gtest/gtest.h>

namespace carillon::loadgen {
namespace {

std::string unchunked(std::string_view bytes, std::size_t piece_bytes, ChunkWalker& walker) {
  std::string data;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    std::string_view piece = bytes.substr(at, piece_bytes);
    while (!piece.empty() && !walker.done() && !walker.broken()) {
      const ChunkWalker::Step step = walker.next(piece);
      data += step.data;
      piece.remove_prefix(step.consumed);
    }
  }
  return data;
}

TEST(ChunkWalker, TakesTheCodingOffWhereverTheBytesAreSplit) {
  const std::string_view bytes =
      "5\r\ndata:\r\nB;name=\"x\"\r\n 1\n\ndata: 2\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: "
      "x\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    ChunkWalker walker;
    EXPECT_EQ(unchunked(bytes, piece, walker), "data: 1\n\ndata: 2abcdefghijklmnopqrstuvwxyz") << piece;
    EXPECT_TRUE(walker.done());
  }
}

TEST(ChunkWalker, RefusesWhatIsNoSize) {
  for (const std::string_view bytes : {"xyz\r\n", "\r\n", "ffffffffffffffffff\r\n"}) {
    ChunkWalker walker;
    unchunked(bytes, 100, walker);
    EXPECT_TRUE(walker.broken()) << bytes;
  }
}

AnswerReader::Count counted(std::string_view bytes, std::size_t piece_bytes) {
  AnswerReader reader;
  AnswerReader::Count sum;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const AnswerReader::Count count = reader.feed(bytes.substr(at, piece_bytes));
    sum.good += count.good;
    sum.refused += count.refused;
    if (count.last_refusal != 0) sum.last_refusal = count.last_refusal;
    sum.closes = sum.closes || count.closes;
    sum.broken = sum.broken || count.broken;
  }
  return sum;
}

TEST(AnswerReader, CountsPipelinedAnswersWhereverTheBytesAreSplit) {
  const std::string_view bytes =
      "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"published\":1}"
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.1 503 Service Unavailable\r\ncontent-length:2\r\nX: y\r\n\r\n{}"
      "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const AnswerReader::Count count = counted(bytes, piece);
    EXPECT_EQ(count.good, 4u) << piece;
    EXPECT_EQ(count.refused, 1u);
    EXPECT_EQ(count.last_refusal, 503);
    EXPECT_TRUE(count.closes);
    EXPECT_FALSE(count.broken);
  }
}

TEST(AnswerReader, WithoutALengthTheBodyLastsUntilTheEnd) {
  const AnswerReader::Count count = counted("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 1000);
  EXPECT_EQ(count.good, 1u);
  EXPECT_TRUE(count.closes);
}

TEST(AnswerReader, WhatIsNoHttpIsBroken) {
  EXPECT_TRUE(counted("+OK\r\n\r\n", 100).broken);
  EXPECT_TRUE(counted("HTTP/1.1 abc\r\n\r\n", 100).broken);
}

TEST(AnswerReader, AHeadWithoutEndIsBroken) {
  EXPECT_FALSE(counted(std::string(AnswerReader::kHeadBytesMax, 'x'), 1000).broken);
  EXPECT_TRUE(counted(std::string(AnswerReader::kHeadBytesMax + 1, 'x'), 1000).broken);
}

}  // namespace
}  // namespace carillon::loadgen
