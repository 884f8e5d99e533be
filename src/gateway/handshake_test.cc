// Upgrades from the first byte to the 101 or the refusal; runs through a real shard.
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

std::string status_of(const Answer& answer) { return answer.head.substr(0, 12); }
bool has_line(const Answer& answer, std::string_view line) {
  return answer.head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}
std::string good_target() { return "/ws?token=" + token_with(R"({"sub":"alice"})"); }

// Waits until closing connections are closed, and checks that no state is left of them.
void finish(ShardStage& stage) {
  stage.run_for(seconds(12));
  stage.expect_nothing_left();
}

TEST(Handshake, AGoodUpgradeIsAnsweredByTheHeadOfRfc6455Section1_3) {
  ShardStage stage;
  const Answer answer = stage.ask(orion_upgrade());
  EXPECT_EQ(answer.head,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(stage.open_connections(), 1U);
  EXPECT_EQ(stage.admission.connections(), 1U);
  stage.end(stage.last_fd);
  EXPECT_EQ(stage.closes(CloseReason::client_gone), 1U);
  finish(stage);
}

// One row per check: the request fails this check and every later one.
TEST(Handshake, EachCheckComesBeforeAllLaterOnes) {
  constexpr std::string_view kLimits =
      "limits.connections = 1\nlimits.accepts_per_ip = 1\norigins = [\"https://good.example\"]\n";
  const std::string toml = std::string(kOrion) + std::string(kLimits);
  const std::string bad = "?token=bad";
  const std::string no_upgrade = "Host: x\r\nOrigin: https://evil.example\r\n";
  const auto expect = [](ShardStage& stage, const std::string& request, std::string_view status,
                         RefusalReason reason) {
    const Answer answer = stage.ask(request);
    EXPECT_EQ(status_of(answer), "HTTP/1.1 " + std::string(status));
    EXPECT_TRUE(has_line(answer, "Content-Type: application/json")) << answer.head;
    EXPECT_TRUE(has_line(answer, "Connection: close") || has_line(answer, "Connection: Upgrade, close"));
    EXPECT_EQ(stage.refusals(reason), 1U) << name_of(reason);
    EXPECT_EQ(stage.all_refusals(), 1U);
    EXPECT_TRUE(stage.sockets[stage.last_fd].shut_down);
  };
  const std::string good =
      get(good_target(), std::string(kUpgradeHeaders) + "Origin: https://good.example\r\n");
  {
    ShardStage stage(toml);
    stage.admission.begin_drain();
    expect(stage, "POST /wsx" + bad + " HTTP/1.1\r\n" + no_upgrade + "\r\n", "404", RefusalReason::not_found);
  }
  {
    ShardStage stage(toml);
    stage.admission.begin_drain();
    expect(stage, "POST /ws" + bad + " HTTP/1.1\r\n" + no_upgrade + "\r\n", "405",
           RefusalReason::method_not_allowed);
  }
  {
    ShardStage stage(toml);
    stage.open(good);
    stage.admission.begin_drain();
    expect(stage, get("/ws" + bad, no_upgrade), "503", RefusalReason::draining);
  }
  {
    ShardStage stage(toml);
    stage.open(good);  // full, and over the rate
    expect(stage, get("/ws" + bad, no_upgrade), "503", RefusalReason::endpoint_full);
    stage.end(stage.last_fd);
  }
  {
    ShardStage stage(toml);
    stage.end(stage.open(good));  // over the rate alone
    expect(stage, get("/ws" + bad, no_upgrade), "429", RefusalReason::accept_rate);
  }
  {
    ShardStage stage("server.accepts_rate = 1\n" + std::string(kOrion) +
                     "origins = [\"https://good.example\"]\n");
    stage.end(stage.open(good));  // over the rate of the process
    expect(stage, get("/ws" + bad, no_upgrade), "503", RefusalReason::process_accept_rate);
  }
  {
    ShardStage stage(toml);
    expect(stage, get("/ws" + bad, no_upgrade), "403", RefusalReason::origin);
  }
  {
    ShardStage stage;
    expect(stage, get("/ws" + bad, no_upgrade), "401", RefusalReason::token_invalid);
  }
  {
    ShardStage stage;
    expect(stage, get(good_target(), no_upgrade), "426", RefusalReason::not_an_upgrade);
  }
}

// Regression: a token whose exp is in milliseconds was admitted, since it seemed to be valid until the year
// 58000.
TEST(Handshake, ATokenWithATimeInMillisecondsIsRefusedUnderItsOwnReason) {
  for (const std::string_view claims :
       {R"({"exp":1700000000000})", R"({"nbf":1700000000000})", R"({"iat":1700000000000})"}) {
    ShardStage stage;
    const Answer answer = stage.ask(upgrade_of("/ws?token=" + token_with(claims)));
    EXPECT_EQ(status_of(answer), "HTTP/1.1 401");
    EXPECT_EQ(answer.body, R"({"message":"invalid token"})");
    EXPECT_EQ(stage.refusals(RefusalReason::token_milliseconds), 1U) << claims;
    EXPECT_EQ(stage.all_refusals(), 1U);
    ASSERT_FALSE(stage.log.records.empty());
    EXPECT_EQ(stage.log.records.back().fields["reason"], "time_in_milliseconds");
    EXPECT_NE(stage.log.records.back().fields["detail"].find("must write seconds"), std::string::npos);
  }
}

// The longest token that config/check_bounds.cc accepts for this request line.
TEST(Handshake, TheRequestLineHasRoomForATokenOf8169Bytes) {
  for (const auto& [size, status] :
       std::vector<std::pair<std::size_t, std::string>>{{8169, "401"}, {8170, "414"}}) {
    ShardStage stage;
    EXPECT_EQ(status_of(stage.ask(upgrade_of("/ws?token=" + std::string(size, 'a')))), "HTTP/1.1 " + status);
  }
}

TEST(Handshake, SelectsOneOfTheOfferedSubprotocols) {
  struct Row {
    std::string_view offers;  // whole header lines
    std::string_view answered;
    std::uint64_t mismatches;
  };
  const Row rows[] = {
      {"", "", 0},
      {"Sec-WebSocket-Protocol: chat.v2\r\n", "chat.v2", 0},
      {"Sec-WebSocket-Protocol: x, chat.v2, chat.v1\r\n", "chat.v2", 0},
      {"Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: chat.v1\r\n", "chat.v1", 0},
      {"Sec-WebSocket-Protocol: x, y\r\n", "", 1},
  };
  for (const Row& row : rows) {
    ShardStage stage(std::string(kOrion) + "subprotocols = [\"chat.v1\", \"chat.v2\"]\n");
    const Answer answer =
        stage.ask(get(good_target(), std::string(kUpgradeHeaders) + std::string(row.offers)));
    EXPECT_EQ(status_of(answer), "HTTP/1.1 101") << row.offers;
    const std::string line = "Sec-WebSocket-Protocol: " + std::string(row.answered);
    EXPECT_EQ(has_line(answer, line), !row.answered.empty()) << answer.head;
    EXPECT_EQ(answer.head.find("Sec-WebSocket-Protocol") == std::string::npos, row.answered.empty());
    EXPECT_EQ(stage.shard->counters().subprotocol_mismatches.get(), row.mismatches);
  }
}

TEST(Handshake, AnEndpointWithoutSubprotocolsSelectsNone) {
  ShardStage stage;
  const Answer answer =
      stage.ask(get(good_target(), std::string(kUpgradeHeaders) + "Sec-WebSocket-Protocol: chat.v1\r\n"));
  EXPECT_EQ(status_of(answer), "HTTP/1.1 101");
  EXPECT_EQ(answer.head.find("Sec-WebSocket-Protocol"), std::string::npos);
  EXPECT_EQ(stage.shard->counters().subprotocol_mismatches.get(), 1U);
}

struct TokenRow {
  std::string query;
  std::string_view body;
};

TEST(Handshake, MissingAndBadTokensAreRefusedWithTheirExactBodies) {
  const std::string good = token_with(R"({"sub":"alice"})");
  constexpr std::string_view kMissing = R"({"message":"missing token"})";
  constexpr std::string_view kInvalid = R"({"message":"invalid token"})";
  const TokenRow rows[] = {
      {"", kMissing},
      {"?token=", kMissing},
      {"?Token=" + good, kMissing},
      {"?token=x", kInvalid},
      {"?token=" + good + "x", kInvalid},
      {"?token=" + token_with(R"({"exp":1})"), kInvalid},
      {"?token=" + token_with(R"({"nbf":32503680000})"), kInvalid},
      {"?token=eyJhbGciOiJub25lIn0.e30.", kInvalid},
      {"?token=" + good + "&token=" + good, kInvalid},
  };
  for (const TokenRow& row : rows) {
    ShardStage stage;
    for (const std::string& request :
         {upgrade_of("/ws" + row.query),
          get("/ws" + row.query, "Host: x\r\nAuthorization: Bearer " + good + "\r\n")}) {
      const Answer answer = stage.ask(request);
      EXPECT_EQ(status_of(answer), "HTTP/1.1 401") << row.query;
      EXPECT_EQ(answer.body, row.body) << row.query;
      EXPECT_TRUE(has_line(answer, "Content-Type: application/json"));
    }
    EXPECT_EQ(stage.all_refusals(), 2U);
    for (const std::string& line : stage.log.lines) EXPECT_EQ(line.find(good), std::string::npos) << line;
    finish(stage);
  }
}

TEST(Handshake, APercentEncodedTokenIsDecoded) {
  ShardStage stage;
  std::string token = token_with(R"({"sub":"alice"})");
  token.replace(token.find('.'), 1, "%2E");
  stage.open(upgrade_of("/ws?a=b+c&token=" + token));
}

TEST(Handshake, AGoodTokenWithABadUpgradeIs426Or400WithTheVersion) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"Host: x\r\n", "HTTP/1.1 426"},
      {"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n"
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
       "HTTP/1.1 426"},
      {"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
       "HTTP/1.1 400"},
      {"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
       "Sec-WebSocket-Key: short\r\n",
       "HTTP/1.1 400"},
      {std::string(kUpgradeHeaders) + "Content-Length: 5\r\n", "HTTP/1.1 400"},
  };
  ShardStage stage;
  for (const auto& [headers, status] : rows) {
    const Answer answer = stage.ask(get(good_target(), headers));
    EXPECT_EQ(status_of(answer), status) << headers;
    EXPECT_TRUE(has_line(answer, "Sec-WebSocket-Version: 13")) << answer.head;
  }
  EXPECT_EQ(stage.all_refusals(), std::size(rows));
  EXPECT_EQ(stage.admission.connections(), 0U);
  finish(stage);
}

TEST(Handshake, AnUpgradeWithContentLengthZeroIsAccepted) {
  ShardStage stage;
  stage.open(get(good_target(), std::string(kUpgradeHeaders) + "Content-Length: 0\r\n"));
}

TEST(Handshake, FaultsOfTheHeadItselfHaveTheirOwnStatusAndReason) {
  const std::tuple<std::string, std::string_view, RefusalReason> rows[] = {
      {"GET /ws HTTP/1.1\nHost: x\n\n", "HTTP/1.1 400", RefusalReason::bad_request},
      {"GET /ws HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400", RefusalReason::bad_request},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505", RefusalReason::bad_request},
      {"\x16\x03\x01\x02", "HTTP/1.1 400", RefusalReason::bad_request},
      {"GET /" + std::string(9000, 'a'), "HTTP/1.1 414", RefusalReason::uri_too_long},
      {"GET / HTTP/1.1\r\nA: " + std::string(17000, 'a'), "HTTP/1.1 431", RefusalReason::head_too_large},
  };
  for (const auto& [request, status, reason] : rows) {
    ShardStage stage;
    EXPECT_EQ(status_of(stage.ask(request)), status) << request.substr(0, 40);
    EXPECT_EQ(stage.refusals(reason), 1U);
    finish(stage);
  }
}

TEST(Handshake, AHeadMayComeByteByByte) {
  ShardStage stage;
  const int fd = stage.connect();
  for (const char byte : orion_upgrade()) stage.send(fd, std::string_view(&byte, 1));
  EXPECT_EQ(stage.take_received(fd).substr(0, 12), "HTTP/1.1 101");
}

TEST(Handshake, FramesBehindTheHeadAreReadAfterThe101) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, orion_upgrade() + client_frame(websocket::Opcode::ping, "early") + client_close(1000));
  const Answer answer = split_answer(stage.take_received(fd));
  EXPECT_EQ(status_of(answer), "HTTP/1.1 101");
  EXPECT_EQ(frames_of(answer.body), (std::vector<std::string>{"pong early", "close 1000"}));
  EXPECT_EQ(stage.closes(CloseReason::client_close), 1U);
  stage.end(fd);
  finish(stage);
}

TEST(Handshake, MoreBytesDoNotExtendTheTimeForTheHead) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.send(fd, "GET /ws HTTP/1.1\r\nX: ");
  for (int i = 0; i < 49; ++i) {
    stage.run_for(milliseconds(100));
    stage.send(fd, "a");
  }
  EXPECT_EQ(stage.take_received(fd), "");
  stage.run_for(milliseconds(120));
  EXPECT_EQ(stage.take_received(fd).substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(stage.refusals(RefusalReason::handshake_timeout), 1U);
  finish(stage);
}

TEST(Handshake, ASilentSocketIsRefusedAfterFiveSeconds) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.run_for(milliseconds(4990));
  EXPECT_TRUE(stage.sockets[fd].is_open());
  EXPECT_EQ(stage.take_received(fd), "");
  stage.run_for(milliseconds(30));
  EXPECT_EQ(stage.take_received(fd).substr(0, 12), "HTTP/1.1 408");
  finish(stage);
  EXPECT_EQ(stage.all_refusals(), 1U);
}

TEST(Handshake, ARefusedClientThatNeverReadsIsReset) {
  ShardStage stage;
  const int fd = stage.connect();
  stage.sockets[fd].capacity = 10;
  stage.send(fd, get("/nowhere", "Host: x\r\n"));
  stage.run_for(seconds(6));
  EXPECT_TRUE(stage.was_reset(fd));
  finish(stage);
}

TEST(Handshake, ClosesAndResetsAtEveryByteOfTheHeadLeaveNoState) {
  ShardStage stage;
  const std::string head = orion_upgrade();
  for (std::size_t cut = 0; cut <= head.size(); cut += 3) {
    for (const bool gently : {true, false}) {
      const int fd = stage.connect();
      stage.arrive(fd, head.substr(0, cut));
      gently ? stage.end(fd) : stage.reset(fd);
    }
  }
  finish(stage);
}

TEST(Handshake, ASocketThatEpollRefusesIsClosed) {
  ShardStage stage;
  stage.loop.refuse_watches_of(1);
  const int fd = stage.connect();
  EXPECT_TRUE(stage.was_closed(fd));
  finish(stage);
}

TEST(Handshake, DeclinedCompressionIsCountedByReason) {
  ShardStage stage(
      "[[endpoint]]\nprofile = \"orion\"\n[[endpoint]]\nprofile = \"orion\"\nname = \"b\"\npath = "
      "\"/b\"\ndeflate = \"on\"\n");
  const auto open = [&](std::string_view path, std::string_view offer) {
    const std::string line = offer.empty() ? "" : "Sec-WebSocket-Extensions: " + std::string(offer) + "\r\n";
    stage.open(get(std::string(path) + "?token=" + token_with("{}"), std::string(kUpgradeHeaders) + line));
  };
  open("/ws", "");
  open("/ws", "permessage-deflate");
  open("/ws", "x-other");
  open("/b", "permessage-deflate");
  open("/b", "permessage-deflate; server_max_window_bits=9");
  open("/b", "x-other");
  const auto& endpoints = stage.shard->counters().endpoints;
  EXPECT_EQ(endpoints[0].deflate_off.get(), 1U);
  EXPECT_EQ(endpoints[0].deflate_unknown.get(), 1U);
  EXPECT_EQ(endpoints[1].deflate_off.get(), 0U);
  EXPECT_EQ(endpoints[1].deflate_unknown.get(), 2U);
}

}  // namespace
}  // namespace carillon::gateway::testing
