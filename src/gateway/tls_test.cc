// TLS clients behave like plain ones, wherever their records are cut; runs through a real shard.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/tls_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;

using websocket::Opcode;

std::string event(std::string_view body, std::string_view channel = "orion.content.created") {
  return "text {\"channel\":\"" + std::string(channel) + "\",\"payload\":" + std::string(body) +
         ",\"timestamp\":\"2026-01-01T00:00:00Z\"}";
}

TEST(Tls, PlainAndTlsClientsReceiveTheSameEvents) {
  TlsStage stage;
  const int with_tls12 = stage.open_tls({}, {.highest = TLS1_2_VERSION});
  const int with_tls13 = stage.open_tls();
  stage.options = {};
  const int plain = stage.open_orion();
  stage.publish("orion.content.created", "1");
  stage.publish("orion.content.created", "2");
  EXPECT_THAT(stage.take_decrypted_frames(with_tls12), ElementsAre(event("1"), event("2")));
  EXPECT_THAT(stage.take_decrypted_frames(with_tls13), ElementsAre(event("1"), event("2")));
  EXPECT_THAT(stage.take_frames(plain), ElementsAre(event("1"), event("2")));
  EXPECT_EQ(stage.shard->counters().tls_handshakes.get(), 2U);
  EXPECT_EQ(stage.shard->counters().tls_resumptions.get(), 0U);
  close_all(stage);
}

TEST(Tls, HttpIsServedToo) {
  TlsStage stage;
  const int fd = stage.connect_tls();
  stage.send_encrypted(fd, get("/now", "Host: x\r\n"));
  EXPECT_EQ(split_answer(stage.take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 200");
  stage.send_encrypted(fd, get("/now", "Host: x\r\n"));
  EXPECT_EQ(split_answer(stage.take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 200");
  close_all(stage);
}

TEST(Tls, BytesMayArriveOneAtATime) {
  TlsStage stage;
  const int fd = stage.connect();
  stage.clients[fd] = std::make_unique<reactor::TlsMemoryClient>();
  const auto drip = [&](const std::string& bytes) {
    for (const char byte : bytes) stage.send(fd, {&byte, 1});
  };
  drip(stage.client(fd).start());
  drip(stage.client(fd).feed(stage.take_received(fd)));
  stage.client(fd).feed(stage.take_received(fd));
  drip(stage.client(fd).encrypt(orion_upgrade()));
  EXPECT_EQ(split_answer(stage.take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 101");
  drip(stage.client(fd).encrypt(client_frame(Opcode::ping, "are you there")));
  EXPECT_THAT(stage.take_decrypted_frames(fd), ElementsAre("pong are you there"));
  close_all(stage);
}

TEST(Tls, TheHandshakeFollowsThePROXYHeader) {
  TlsStage stage("server.trusted_proxies = [\"192.0.2.0/24\"]\n" + std::string(kOrion));
  stage.options.proxy_protocol = config::ProxyProtocol::on;
  const std::string header = "PROXY TCP4 198.51.100.7 192.0.2.1 1 2\r\n";
  for (const std::size_t piece : {1U, 10U, 10000U}) {
    const int fd = stage.connect();
    stage.clients[fd] = std::make_unique<reactor::TlsMemoryClient>();
    const std::string bytes = header + stage.client(fd).start();
    for (std::size_t at = 0; at < bytes.size(); at += piece) stage.send(fd, bytes.substr(at, piece));
    stage.shuttle(fd);
    stage.send_encrypted(fd, orion_upgrade());
    EXPECT_EQ(split_answer(stage.take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 101") << piece;
  }
  close_all(stage);
}

TEST(Tls, AClientResumesWithItsTicket) {
  TlsStage stage;
  const int first = stage.open_tls();
  const reactor::TlsTicket ticket = stage.client(first).ticket();
  const int second = stage.open_tls({}, {.ticket = ticket.get()});
  EXPECT_TRUE(stage.client(second).resumed());
  EXPECT_EQ(stage.shard->counters().tls_resumptions.get(), 1U);
  close_all(stage);
}

// --- short writes -------------------------------------------------------------------------------

// Events of all sizes: the socket takes `first` bytes, then `second`, then everything.
void cut_twice(std::size_t first, std::size_t second) {
  const std::string where = "cut at " + std::to_string(first) + " and " + std::to_string(second);
  const std::string large = '"' + std::string(40000, 'x') + '"';
  TlsStage stage;
  const int fd = stage.open_tls();
  stage.sockets[fd].capacity = first;
  stage.publish("orion.a", "1");
  stage.publish("orion.a", large);
  stage.publish("orion.a", "2");
  stage.send(fd, stage.client(fd).encrypt(client_frame(Opcode::ping, "p")));
  stage.let_read(fd, second);
  stage.publish("orion.a", "3");
  stage.let_read(fd, FakeSocket::kEndless);
  stage.publish("orion.a", "4");
  std::vector<std::string> events;
  std::vector<std::string> rest;
  for (std::string& frame : stage.take_decrypted_frames(fd)) {
    (frame.starts_with("text") ? events : rest).push_back(std::move(frame));
  }
  EXPECT_THAT(events, ElementsAre(event("1", "orion.a"), event(large, "orion.a"), event("2", "orion.a"),
                                  event("3", "orion.a"), event("4", "orion.a")))
      << where;
  EXPECT_THAT(rest, ElementsAre("pong p")) << where;
  EXPECT_EQ(stage.shard->counters().blocked.get(), 0U) << where;
  EXPECT_FALSE(stage.client(fd).failed) << where;
  close_all(stage);
}

TEST(Tls, AShortWriteAnywhereNeitherLosesNorRepeatsNorReordersEvents) {
  for (std::size_t first = 0; first < 140; first += 7) {
    for (const std::size_t second : {0U, 1U, 60U, 200U, 16500U, 40100U}) cut_twice(first, second);
  }
  for (const std::size_t first : {200U, 16384U, 16385U, 16500U, 33000U, 40300U, 50000U}) {
    for (const std::size_t second : {1U, 100U, 16406U, 30000U}) cut_twice(first, second);
  }
}

TEST(Tls, AClientWithPendingCiphertextIsBlocked) {
  TlsStage stage;
  const int fd = stage.open_tls();
  stage.sockets[fd].capacity = 10;
  stage.publish("orion.a", "1");
  EXPECT_EQ(stage.shard->counters().blocked.get(), 1U);
  const std::uint64_t writes = stage.shard->counters().writes.get();
  stage.publish("orion.a", "2");
  EXPECT_EQ(stage.shard->counters().writes.get(), writes);
  stage.let_read(fd, FakeSocket::kEndless);
  EXPECT_EQ(stage.shard->counters().blocked.get(), 0U);
  EXPECT_THAT(stage.take_decrypted_frames(fd), ElementsAre(event("1", "orion.a"), event("2", "orion.a")));
  close_all(stage);
}

// The engine does not write to a blocked client. The order holds even if it did.
TEST(TlsClients, PendingCiphertextIsSentFirst) {
  reactor::FakeLoop loop;
  FakeSockets sockets{loop};
  const auto context = test_context();
  const auto clients = std::move(*TlsClients::create(sockets));
  const int fd = sockets.open_socket();
  clients->add(0, *context);
  reactor::TlsMemoryClient client;
  for (std::string out = client.start(); !out.empty();
       out = client.feed(std::exchange(sockets[fd].received, {}))) {
    std::string_view ciphertext = out;
    while (clients->read(0, fd, ciphertext).state == reactor::TlsRead::State::bytes) continue;
  }
  ASSERT_TRUE(clients->is_open(0));

  std::string text = "first";
  const iovec piece{text.data(), text.size()};
  sockets[fd].capacity = 3;
  auto result = clients->write(0, fd, &piece, 1);
  EXPECT_EQ(result.written, 5U);
  EXPECT_EQ(result.state, WriteResult::State::blocked);
  sockets[fd].capacity = FakeSocket::kEndless;  // room, and no edge yet
  result = clients->write(0, fd, &piece, 1);
  EXPECT_EQ(result.written, 0U);
  EXPECT_EQ(result.state, WriteResult::State::blocked);
  EXPECT_EQ(clients->send_end(0, fd), TlsClients::Sent::blocked);
  EXPECT_EQ(sockets[fd].received.size(), 3U);
  EXPECT_EQ(clients->send_pending(0, fd), TlsClients::Sent::all);
  client.feed(sockets[fd].received);
  EXPECT_EQ(client.received, "first");
  EXPECT_TRUE(client.got_end);
  EXPECT_FALSE(client.failed);
}

TEST(Tls, OneWriteOfManyEventsIsOneRecord) {
  TlsStage stage;
  const int fd = stage.open_tls();
  stage.take_decrypted(fd);
  const std::uint64_t writes = stage.shard->counters().writes.get();
  for (int i = 0; i < 50; ++i) stage.router.on_event({"orion.a", std::to_string(i)});
  stage.router.on_batch_end();
  stage.settle();
  EXPECT_EQ(stage.shard->counters().writes.get(), writes + 1);
  // Header, content type and tag of TLS 1.3 (RFC 8446 section 5.2), once for all events.
  const std::string& received = stage.sockets[fd].received;
  const std::size_t length =
      static_cast<unsigned char>(received.at(3)) * 256U + static_cast<unsigned char>(received.at(4));
  EXPECT_EQ(received.size(), length + 5);
  EXPECT_EQ(stage.take_decrypted_frames(fd).size(), 50U);
  close_all(stage);
}

TEST(Tls, AHandshakeCompletesThroughShortWrites) {
  TlsStage stage;
  const int fd = stage.connect();
  stage.clients[fd] = std::make_unique<reactor::TlsMemoryClient>();
  stage.sockets[fd].capacity = 10;
  stage.send(fd, stage.client(fd).start());
  for (int i = 0; i < 500 && !stage.client(fd).is_open(); ++i) {
    stage.shuttle(fd);
    stage.let_read(fd, 10);
  }
  ASSERT_TRUE(stage.client(fd).is_open());
  stage.sockets[fd].capacity = FakeSocket::kEndless;
  stage.let_read(fd, 0);
  stage.loop.fire(fd, EPOLLOUT);
  stage.send_encrypted(fd, orion_upgrade());
  EXPECT_EQ(split_answer(stage.take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 101");
  close_all(stage);
}

// Only one record waits for a client that does not read, not all of its events.
TEST(Tls, AClientThatNeverReadsIsReset) {
  TlsStage stage;
  const int fd = stage.open_tls();
  stage.sockets[fd].capacity = 100;
  const std::string body = '"' + std::string(30000, 'x') + '"';
  for (int i = 0; i < 40; ++i) stage.publish("orion.a", body);
  stage.run_for(seconds(6));  // 3 to be found slow, 2 for its close frame
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer), 1U);
  EXPECT_TRUE(stage.was_reset(fd));
  stage.expect_nothing_left();
}

TEST(Tls, ACrowdOfHandshakesIsSpreadOverTurns) {
  TlsStage stage;
  std::vector<int> fds;
  for (int i = 0; i < 100; ++i) {
    fds.push_back(stage.connect());
    stage.clients[fds.back()] = std::make_unique<reactor::TlsMemoryClient>();
    stage.arrive(fds.back(), stage.client(fds.back()).start());
  }
  const auto answered = [&] {
    return std::count_if(fds.begin(), fds.end(), [&](int fd) { return !stage.sockets[fd].received.empty(); });
  };
  EXPECT_EQ(answered(), 0);
  stage.sockets.set_cost_of_a_look(std::chrono::microseconds(100));  // of one visit: ten fill a turn's slice
  stage.loop.turn();
  EXPECT_EQ(answered(), 10);
  stage.loop.turn();
  EXPECT_EQ(answered(), 20);
  stage.settle();
  EXPECT_EQ(answered(), 100);
  for (const int fd : fds) {
    stage.shuttle(fd);
    stage.send_encrypted(fd, orion_upgrade());
  }
  EXPECT_EQ(stage.open_connections(), 100U);
  close_all(stage);
}

// --- closing ------------------------------------------------------------------------------------

TEST(Tls, ACloseNotifyFollowsTheLastBytesBeforeTheSocketIsShut) {
  TlsStage stage;
  const int fd = stage.open_tls();
  stage.send_encrypted(fd, client_close(1000));
  EXPECT_THAT(stage.take_decrypted_frames(fd), ElementsAre("close 1000"));
  EXPECT_TRUE(stage.client(fd).got_end);
  EXPECT_TRUE(stage.sockets[fd].shut_down);
  EXPECT_EQ(stage.closes(CloseReason::client_close), 1U);
  close_all(stage);
}

TEST(Tls, ACloseNotifyThatDoesNotFitWaitsAndTheSocketIsShutAfterIt) {
  for (const std::size_t room : {0U, 1U, 23U, 30U, 40U}) {
    TlsStage stage;
    const int fd = stage.open_tls();
    stage.sockets[fd].capacity = room;
    stage.send(fd, stage.client(fd).encrypt(client_close(1000)));
    EXPECT_FALSE(stage.sockets[fd].shut_down) << room;
    stage.let_read(fd, FakeSocket::kEndless);
    EXPECT_THAT(stage.take_decrypted_frames(fd), ElementsAre("close 1000")) << room;
    EXPECT_TRUE(stage.client(fd).got_end) << room;
    EXPECT_TRUE(stage.sockets[fd].shut_down) << room;
    close_all(stage);
  }
}

TEST(Tls, APeerMayCloseWithOrWithoutCloseNotify) {
  TlsStage stage;
  const int polite = stage.open_tls();
  stage.send(polite, stage.client(polite).end());
  EXPECT_EQ(stage.closes(CloseReason::client_gone), 1U);
  EXPECT_TRUE(stage.was_closed(polite));
  const int abrupt = stage.open_tls();
  stage.end(abrupt);
  const int broken = stage.open_tls();
  stage.reset(broken);
  EXPECT_EQ(stage.closes(CloseReason::client_gone), 3U);
  const int half_way = stage.connect();
  stage.send(half_way, reactor::TlsMemoryClient().start());
  stage.end(half_way);
  stage.run_for(seconds(10));
  stage.expect_nothing_left();
}

TEST(Tls, ACorruptRecordClosesOnlyItsConnection) {
  TlsStage stage;
  const int other = stage.open_tls();
  const int fd = stage.open_tls();
  std::string record = stage.client(fd).encrypt(client_frame(Opcode::ping, "x"));
  record.back() = static_cast<char>(record.back() ^ 1);
  stage.send(fd, record);
  EXPECT_FALSE(stage.sockets[fd].is_open());
  EXPECT_EQ(stage.closes(CloseReason::client_gone), 1U);
  stage.send_encrypted(other, client_frame(Opcode::ping, "y"));
  EXPECT_THAT(stage.take_decrypted_frames(other), ElementsAre("pong y"));
  close_all(stage);
}

TEST(Tls, ADrainClosesWith1001AndACloseNotify) {
  TlsStage stage;
  std::vector<int> fds;
  for (int i = 0; i < 10; ++i) fds.push_back(stage.open_tls());
  stage.publish("orion.a", "1");
  stage.shard->begin_drain(seconds(1));
  stage.run_for(seconds(2));
  for (const int fd : fds) {
    EXPECT_THAT(stage.take_decrypted_frames(fd), ElementsAre(event("1", "orion.a"), "close 1001"));
    EXPECT_TRUE(stage.client(fd).got_end);
  }
  EXPECT_EQ(stage.closes(CloseReason::shutdown), 10U);
  close_all(stage);
}

// --- what came with a read that had to stop ----------------------------------------------------

TEST(Tls, RequestsInManyRecordsOfOneReadAreAnsweredInOrder) {
  TlsStage stage;
  const int fd = stage.connect_tls();
  const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n";
  std::string all =
      stage.client(fd).encrypt("POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nz" + post + "1");
  for (const char* const body : {"2", "3", "4", "5", "6", "7", "8"})
    all += stage.client(fd).encrypt(post + body);
  stage.send(fd, all);
  ASSERT_EQ(stage.api.deferred.size(), 1U);
  EXPECT_EQ(stage.take_decrypted(fd), "");
  stage.api.deferred[0](FakeApi::text("0"));
  stage.settle();
  std::string bodies;
  std::string answers = stage.take_decrypted(fd);
  for (std::size_t at = 0; (at = answers.find("\r\n\r\n", at)) != std::string::npos; at += 4)
    bodies += answers.at(at + 4);
  EXPECT_EQ(bodies, "012345678");
  close_all(stage);
}

TEST(Tls, AClientThatSendsWithoutReadingIsPausedAndThenServedInOrder) {
  TlsStage stage(kEcho);
  const int fd = stage.open_tls(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  std::vector<std::string> sent;
  std::string all;
  for (int i = 0; i < 40; ++i) {
    const std::string message = std::to_string(i) + std::string(5000, 'm');
    sent.push_back("text " + message);
    all += stage.client(fd).encrypt(client_frame(Opcode::text, message));
  }
  stage.send(fd, all);
  EXPECT_FALSE(stage.sockets[fd].incoming.empty()) << "not read while nothing can be answered";
  stage.let_read(fd, FakeSocket::kEndless);
  EXPECT_EQ(stage.take_decrypted_frames(fd), sent);
  close_all(stage);
}

TEST(Tls, EndlessKeyUpdatesTakeNoMemory) {
  TlsStage stage(kEcho);
  const int fd = stage.open_tls(upgrade_of("/echo"));
  stage.sockets[fd].capacity = 0;
  for (int i = 0; i < 2000 && stage.sockets[fd].is_open(); ++i) {
    SSL_key_update(stage.client(fd).session(), SSL_KEY_UPDATE_REQUESTED);
    stage.send(fd, stage.client(fd).encrypt(client_frame(Opcode::pong, "")));
  }
  EXPECT_LT(stage.sockets[fd].received.size(), 1000U);
  stage.let_read(fd, FakeSocket::kEndless);
  close_all(stage);
}

}  // namespace
}  // namespace carillon::gateway::testing
