#include "http/head_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace carillon::http {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kUpgrade =
    "GET /ws?token=a.b.c HTTP/1.1\r\n"
    "Host: localhost:8000\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Upgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key:  dGhlIHNhbXBsZSBub25jZQ== \t\r\n"
    "Origin: http://localhost\r\n"
    "X-Empty:\r\n"
    "\r\n";

// What a reader made of a text, however it was cut.
struct HeadOutcome {
  HeadState state = HeadState::need_more;
  std::size_t consumed = 0;
  int status = 0;
  std::string shape;  // everything in the head
  bool operator==(const HeadOutcome&) const = default;
};

std::string shape_of(const RequestHead& head) {
  std::string shape;
  for (const std::string_view part : {head.method, head.target, std::string_view(head.path), head.query}) {
    shape += std::string(part) + "|";
  }
  shape += std::to_string(head.minor_version) + "|" + std::to_string(static_cast<int>(head.keep_alive)) +
           "|" + std::to_string(static_cast<int>(head.body)) + "|" +
           std::to_string(head.content_length.value_or(0)) + "|" +
           std::to_string(head.expects_continue ? 1 : 0) + "\n";
  for (const Header& header : head.headers)
    shape += std::string(header.name) + "=" + std::string(header.value) + "\n";
  return shape;
}

HeadOutcome outcome_of(const HeadReader& reader, std::size_t consumed) {
  HeadOutcome outcome{reader.state(), consumed, 0, {}};
  if (reader.state() == HeadState::fault) outcome.status = reader.fault().status;
  if (reader.state() == HeadState::done) outcome.shape = shape_of(reader.head());
  return outcome;
}

HeadOutcome read_in_parts(const std::vector<std::string_view>& parts, HeadLimits limits) {
  HeadReader reader(limits);
  std::size_t consumed = 0;
  for (const std::string_view part : parts) {
    const auto step = reader.feed(part);
    EXPECT_LE(step.consumed, part.size());
    EXPECT_EQ(step.state, reader.state());
    consumed += step.consumed;
    if (step.state != HeadState::need_more) break;
    EXPECT_EQ(step.consumed, part.size());
  }
  return outcome_of(reader, consumed);
}

// Reads the text whole, byte by byte, and cut in two at every offset; all must agree.
HeadOutcome read(std::string_view text, HeadLimits limits = {}) {
  const HeadOutcome whole = read_in_parts({text}, limits);
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  EXPECT_EQ(read_in_parts(bytes, limits), whole) << text;
  if (text.size() < 2000) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      EXPECT_EQ(read_in_parts({text.substr(0, i), text.substr(i)}, limits), whole) << text << " cut at " << i;
    }
  }
  return whole;
}

std::string with_header(std::string_view line) {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + std::string(line) + "\r\n\r\n";
}

RequestHead head_of(std::string_view text) {
  HeadReader reader;
  EXPECT_EQ(reader.feed(text).state, HeadState::done) << text << ": " << reader.fault().reason;
  return reader.take_head();
}

TEST(HeadReader, ReadsAnUpgrade) {
  const HeadOutcome outcome = read(kUpgrade);
  EXPECT_EQ(outcome.state, HeadState::done);
  EXPECT_EQ(outcome.consumed, kUpgrade.size());
  const RequestHead head = head_of(kUpgrade);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/ws?token=a.b.c");
  EXPECT_EQ(head.path, "/ws");
  EXPECT_EQ(head.query, "token=a.b.c");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.headers.size(), 7u);
  EXPECT_EQ(head.header("sec-websocket-KEY"), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(head.header("x-empty"), "");
  EXPECT_EQ(head.header("absent"), std::nullopt);
  EXPECT_EQ(head.keep_alive, KeepAlive::keep);
  EXPECT_EQ(head.body, BodyKind::none);
}

TEST(HeadReader, AHeadStaysGoodWhenItMoves) {
  HeadReader reader;
  ASSERT_EQ(reader.feed(kUpgrade).state, HeadState::done);
  const std::string shape = shape_of(reader.head());
  RequestHead first = reader.take_head();
  const RequestHead second = std::move(first);
  EXPECT_EQ(shape_of(second), shape);
  EXPECT_TRUE(reader.untouched());
}

TEST(HeadReader, StopsAtTheHeadsEnd) {
  const std::string text = std::string(kUpgrade) + "\x81\x85 frame";
  EXPECT_EQ(read(text).consumed, kUpgrade.size());
  HeadReader reader;
  reader.feed(text);
  EXPECT_EQ(reader.feed("more").consumed, 0u);
}

TEST(HeadReader, ReadsOneRequestAfterTheOther) {
  HeadReader reader;
  EXPECT_TRUE(reader.untouched());
  const std::string two = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto first = reader.feed(two);
  EXPECT_FALSE(reader.untouched());
  EXPECT_EQ(reader.take_head().path, "/a");
  EXPECT_EQ(reader.feed(std::string_view(two).substr(first.consumed)).state, HeadState::done);
  EXPECT_EQ(reader.take_head().path, "/b");
}

TEST(HeadReader, ForgivesOneEmptyLineBeforeTheRequest_Rfc9112_2_2) {
  EXPECT_EQ(read("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").state, HeadState::done);
  EXPECT_EQ(read("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
  EXPECT_EQ(read("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
  EXPECT_EQ(read("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
}

TEST(HeadReader, AnyMethodIsAToken) {
  for (const auto method : {"GET", "POST", "PROPFIND", "get", "X!#$%&'*+-.^_`|~9"}) {
    EXPECT_EQ(read(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n").state, HeadState::done) << method;
  }
  EXPECT_EQ(read(std::string(32, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n").state, HeadState::done);
  EXPECT_EQ(read(std::string(33, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n").status, 501);
}

TEST(HeadReader, RefusesMalformedRequestLines) {
  const std::vector<std::pair<std::string_view, int>> cases = {{" GET / HTTP/1.1\r\n", 400},
                                                               {"GET  / HTTP/1.1\r\n", 400},
                                                               {"GET /  HTTP/1.1\r\n", 400},
                                                               {"GET / HTTP/1.1 \r\n", 400},
                                                               {"GET /\r\n", 400},
                                                               {"GET / \r\n", 400},
                                                               {"GET\r\n", 400},
                                                               {"GET / HTTP/1.1\n", 400},
                                                               {"GET / HTTP/1.1\rX", 400},
                                                               {"GET / HTTP/11\r\n", 400},
                                                               {"GET / HTTP/1.10\r\n", 400},
                                                               {"GET / http/1.1\r\n", 400},
                                                               {"GET / HTTPS/1.1\r\n", 400},
                                                               {"GET\t/ HTTP/1.1\r\n", 400},
                                                               {"G\"T / HTTP/1.1\r\n", 400},
                                                               {"GET /\x7F HTTP/1.1\r\n", 400},
                                                               {"GET /\xC3\xA9 HTTP/1.1\r\n", 400},
                                                               {"GET /\0 HTTP/1.1\r\n"sv, 400},
                                                               {"GET / HTTP/2.0\r\n", 505},
                                                               {"GET / HTTP/0.9\r\n", 505},
                                                               {"GET / HTTP/1.2\r\n", 505},
                                                               {"GET / HTTP/3.0\r\n", 505},
                                                               {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                                                               {"\x16\x03\x01\x02\x00\x01"sv, 400},
                                                               {"\0"sv, 400},
                                                               {"{\"type\":\"ping\"}", 400}};
  for (const auto& [text, status] : cases) {
    const HeadOutcome outcome = read(text);
    EXPECT_EQ(outcome.state, HeadState::fault) << text;
    EXPECT_EQ(outcome.status, status) << text;
  }
}

TEST(HeadReader, RefusesTargetsThatAreNoPlainPath) {
  for (const auto target :
       {"ftp://a/ws",    "*",     "a:443",      "ws",       "?token=a",   "/../ws", "/a/..",
        "/a/.",          "/./ws", "/%2e%2e/ws", "/.%2E/ws", "/a/%2e",     "/%00",   "/ws%00",
        "/ws%0d%0aX: y", "/%7f",  "/a%2Fb",     "/a%2fb",   "/a%5cb",     "/a\\b",  "/%",
        "/%2",           "/%zz",  "/%ff",       "/%c0%af",  "/%ed%a0%80", "/ws#x",  "/ws?a#x"}) {
    EXPECT_EQ(read("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n").status, 400) << target;
  }
  for (const auto target : {"/", "/ws", "/ws/", "//ws", "/a.b/..c/...", "/caf%C3%A9", "/%77s", "/ws?",
                            "/ws?a=%zz", "/ws?a/../b", "/%252e%252e/", "http://a/ws"}) {
    EXPECT_EQ(read("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n").state, HeadState::done)
        << target;
  }
}

TEST(HeadReader, RefusesMalformedHeaders) {
  for (const auto line :
       {"A : b"sv, "A\t: b"sv, " A: b"sv, "\tA: b"sv, ": b"sv, "A"sv, "A b: c"sv, "A: b\nB: c"sv,
        "A: b\rB: c"sv, "A: b\0"sv, "A: \x01"sv, "A: \x7F"sv, "A\0: b"sv, "A(: b"sv, "\xC3\xA9: b"sv,
        "A: b\r\n folded"sv, "A: b\r\n\tfolded"sv, "A: b\r\r"sv, "A\r\n: b"sv}) {
    EXPECT_EQ(read(with_header(line)).status, 400) << line;
  }
  EXPECT_EQ(read("GET / HTTP/1.1\r\n Host: a\r\n\r\n").status, 400);
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\n\rX").status, 400);
  for (const auto line :
       {"A: b", "A:b", "A:\t b\t ", "A:", "A: caf\xC3\xA9", "A: \xFF", "A: b\tc", "A: \"q:u\""}) {
    EXPECT_EQ(read(with_header(line)).state, HeadState::done) << line;
  }
}

TEST(HeadReader, FaultsAtTheFirstBadByteAndNotLater) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost : a").consumed, "GET / HTTP/1.1\r\nHost "sv.size());
  EXPECT_EQ(read("\x16\x03\x01").consumed, 1u);
  EXPECT_EQ(read("GET / HTTP/2").state, HeadState::need_more);
  EXPECT_EQ(read("GET / FTP").consumed, "GET / F"sv.size());
}

TEST(HeadReader, WantsOneHost_Rfc9112_3_2) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n").status, 400);
  EXPECT_EQ(read("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n").status, 400);
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n").state, HeadState::done);
  for (const auto host : {"a b", "a/b", "a@b", "a,b", "a?b", "a#b", "a\\b", "\xC3\xA9", "x:bc", "[::1", ":80",
                          "a:b:c", "a:65536", "[x]", "a%zz"}) {
    EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").status, 400) << host;
  }
  for (const auto host : {"a", "a.example:80", "[::1]:8000", "127.0.0.1", "xn--caf-dma.example", ""}) {
    EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").state, HeadState::done)
        << host;
  }
}

TEST(HeadReader, AnAbsoluteTargetReplacesTheHost_Rfc9112_3_2_2) {
  HeadReader reader;
  reader.feed("GET http://a.example:81/ws?x=1 HTTP/1.1\r\nHost: b\r\n\r\n");
  ASSERT_EQ(reader.state(), HeadState::done);
  EXPECT_EQ(reader.head().authority, "a.example:81");
  EXPECT_EQ(reader.head().path, "/ws");
  EXPECT_EQ(reader.head().raw_path, "/ws");
  EXPECT_EQ(reader.head().query, "x=1");
  reader.reset();
  reader.feed("GET /w%73 HTTP/1.1\r\nHost: b:82\r\n\r\n");
  const RequestHead head = reader.take_head();
  EXPECT_EQ(head.authority, "b:82");
  EXPECT_EQ(head.path, "/ws");
  EXPECT_EQ(head.raw_path, "/w%73");
  EXPECT_EQ(read("GET http://a/ HTTP/1.1\r\n\r\n").status, 400) << "a Host is needed all the same";
  EXPECT_EQ(read("GET http://a/ HTTP/1.1\r\nHost: x:bc\r\n\r\n").status, 400);
}

TEST(HeadReader, LeavesNoTwoWaysToMeasureABody_Rfc9112_6_3) {
  for (const auto line :
       {"Content-Length: 1\r\nContent-Length: 1", "Content-Length: 1\r\ncontent-length: 2",
        "Content-Length: 1, 1", "Content-Length: 1,2", "Content-Length: -1", "Content-Length: +1",
        "Content-Length: 0x1", "Content-Length: 1 1", "Content-Length:", "Content-Length: a",
        "Content-Length: 1.0", "Content-Length: 99999999999999999999", "Content-Length: 18446744073709551617",
        "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Transfer-Encoding: identity\r\nContent-Length: 1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"}) {
    EXPECT_EQ(read(with_header(line)).status, 400) << line;
  }
  for (const auto line :
       {"Transfer-Encoding: gzip", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:"}) {
    EXPECT_EQ(read(with_header(line)).status, 501) << line;
  }
  EXPECT_EQ(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").status, 400);
  EXPECT_EQ(head_of(with_header("Content-Length: 12")).content_length, 12u);
  EXPECT_EQ(head_of(with_header("Content-Length: 9999999999999999999")).content_length, 9999999999999999999u);
  EXPECT_EQ(head_of(with_header("Content-Length: 0")).body, BodyKind::sized);
  EXPECT_EQ(head_of(with_header("transfer-encoding: Chunked")).body, BodyKind::chunked);
}

TEST(HeadReader, KnowsWhetherToKeepTheConnection_Rfc9112_9_3) {
  const auto keep = [](std::string_view version, std::string_view line) {
    return head_of("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(line) + "\r\n")
        .keep_alive;
  };
  EXPECT_EQ(keep("1.1", ""), KeepAlive::keep);
  EXPECT_EQ(keep("1.1", "Connection: Close\r\n"), KeepAlive::close);
  EXPECT_EQ(keep("1.1", "Connection: upgrade, close\r\n"), KeepAlive::close);
  EXPECT_EQ(keep("1.0", ""), KeepAlive::close);
  EXPECT_EQ(keep("1.0", "Connection: keep-alive\r\n"), KeepAlive::keep);
  EXPECT_EQ(keep("1.0", "Connection: keep-alive\r\nConnection: close\r\n"), KeepAlive::close);
  EXPECT_TRUE(head_of(with_header("Expect: 100-Continue\r\nContent-Length: 1")).expects_continue);
  EXPECT_FALSE(head_of(with_header("Expect: 100-continue")).expects_continue);
}

TEST(HeadReader, BoundsTheRequestLine) {
  const auto line = [](std::size_t bytes) {
    return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  const HeadLimits limits{.request_line_bytes_max = 100, .head_bytes_max = 1000, .headers_max = 4};
  EXPECT_EQ(read(line(99), limits).state, HeadState::done);
  EXPECT_EQ(read(line(100), limits).state, HeadState::done);
  EXPECT_EQ(read(line(101), limits).status, 414);
  EXPECT_EQ(read(line(8192)).state, HeadState::done);
  EXPECT_EQ(read(line(8193)).status, 414);
  EXPECT_EQ(read("\r\n" + line(100), limits).state, HeadState::done);
  EXPECT_EQ(
      read(line(1001), {.request_line_bytes_max = 2000, .head_bytes_max = 1000, .headers_max = 4}).status,
      414);
}

TEST(HeadReader, BoundsTheHead) {
  const std::string fixed = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const auto head = [&fixed](std::size_t bytes) {
    return fixed + std::string(bytes - fixed.size() - 4, 'a') + "\r\n\r\n";
  };
  const HeadLimits limits{.request_line_bytes_max = 100, .head_bytes_max = 200, .headers_max = 4};
  EXPECT_EQ(read(head(199), limits).state, HeadState::done);
  EXPECT_EQ(read(head(200), limits).state, HeadState::done);
  EXPECT_EQ(read(head(201), limits).status, 431);
  EXPECT_EQ(read(head(200) + "body", limits).state, HeadState::done);
  EXPECT_EQ(read(head(16384)).state, HeadState::done);
  EXPECT_EQ(read(head(16385)).status, 431);
}

TEST(HeadReader, BoundsTheNumberOfHeaders) {
  const auto head = [](std::size_t headers) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 1; i < headers; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(read(head(63)).state, HeadState::done);
  EXPECT_EQ(read(head(64)).state, HeadState::done);
  EXPECT_EQ(read(head(65)).status, 431);
}

// Some parsers read a body's first line as one more header, or stop at a bare LF.
TEST(HeadReader, EveryByteInEveryPlaceIsEitherGoodOrRefused) {
  const std::string text = "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[i] = static_cast<char>(byte);
      HeadReader reader;
      const auto step = reader.feed(changed);
      if (step.state == HeadState::done) {
        EXPECT_EQ(step.consumed, text.size());
        EXPECT_EQ(reader.head().headers.size(), 2u);
      } else if (step.state == HeadState::fault) {
        EXPECT_GE(reader.fault().status, 400);
        EXPECT_FALSE(reader.fault().reason.empty());
      }
    }
  }
}

}  // namespace
}  // namespace carillon::http
