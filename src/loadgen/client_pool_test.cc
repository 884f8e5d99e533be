#include "loadgen/client_pool.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "websocket/frame_writer.h"
#include "websocket/handshake.h"

namespace carillon::loadgen {
namespace {

using websocket::Opcode;

constexpr auto kPatience = seconds(20);
constexpr int kPatience_ms = 20'000;

std::string welcome() {
  return "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " +
         websocket::accept_key(websocket_key()) + "\r\n\r\n";
}

std::string frame(Opcode opcode, std::string_view payload) {
  std::string out;
  websocket::append_frame(out, opcode, payload);
  return out;
}

// A server that runs on the test's own thread and does one thing at a time, when the test calls it: a
// client's socket holds exactly what the test has sent.
class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::listen(listener_, 512);
    socklen_t size = sizeof address_;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
  }
  ~Server() {
    for (const int fd : clients_) {
      if (fd >= 0) ::close(fd);
    }
    ::close(listener_);
  }

  ClientSettings settings() const {
    ClientSettings settings;
    settings.address = {reinterpret_cast<const sockaddr*>(&address_), sizeof address_};
    settings.host_header = "x";
    settings.target = ClientTemplate("/ws");
    return settings;
  }

  bool accept() {
    if (!is_readable(listener_, kPatience_ms)) return false;
    clients_.push_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    return clients_.back() >= 0;
  }
  bool someone_waits() const { return is_readable(listener_, 0); }
  bool has_something_from(std::size_t client) const { return is_readable(clients_[client], 0); }

  // Reads what this client has sent, up to `end`.
  std::string read_until(std::size_t client, std::string_view end) {
    std::string text;
    std::array<char, 4096> bytes;
    while (!text.ends_with(end) && is_readable(clients_[client], kPatience_ms)) {
      const ssize_t count = ::recv(clients_[client], bytes.data(), bytes.size(), 0);
      if (count <= 0) break;
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  void send(std::size_t client, std::string_view text) {
    EXPECT_EQ(::send(clients_[client], text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void close(std::size_t client) { ::close(std::exchange(clients_[client], -1)); }

 private:
  static bool is_readable(int fd, int timeout_ms) {
    pollfd readable{fd, POLLIN, 0};
    return ::poll(&readable, 1, timeout_ms) == 1;
  }

  const int listener_;
  sockaddr_in address_{};
  std::vector<int> clients_;
};

bool turn_until(ClientPool& pool, const std::function<bool()>& condition) {
  const MonoTime deadline = mono_now() + kPatience;
  while (!condition() && mono_now() < deadline) pool.turn(10);
  return condition();
}

// The next client of the pool connects and sends its request.
std::string begin_handshake(ClientPool& pool, Server& server, std::size_t client) {
  pool.want(static_cast<std::uint32_t>(client + 1));
  pool.turn(0);
  EXPECT_TRUE(server.accept());
  EXPECT_TRUE(turn_until(pool, [&] { return server.has_something_from(client); }));
  return server.read_until(client, "\r\n\r\n");
}

void open_client(ClientPool& pool, Server& server, std::size_t client) {
  begin_handshake(pool, server, client);
  server.send(client, welcome());
  EXPECT_TRUE(turn_until(pool, [&] { return pool.settled(); }));
}

bool received(ClientPool& pool, std::uint64_t events) {
  return turn_until(pool, [&] { return pool.counters().events >= events; });
}

TEST(ClientPool, SendsTheRequestOfTheSettingsAndGreetsWithItsNumber) {
  Server server;
  ClientSettings settings = server.settings();
  settings.target = ClientTemplate("/ws?room=$i");
  settings.token_of = [](std::uint32_t client) { return "token" + std::to_string(client); };
  settings.hellos = {ClientTemplate("I am $i")};
  ClientPool pool(settings, {.first = 5, .step = 3});
  EXPECT_TRUE(
      begin_handshake(pool, server, 0).starts_with("GET /ws?room=5&token=token5 HTTP/1.1\r\nHost: x\r\n"));
  EXPECT_TRUE(begin_handshake(pool, server, 1).starts_with("GET /ws?room=8&token=token8 HTTP/1.1\r\n"));
  server.send(1, welcome());
  EXPECT_TRUE(turn_until(pool, [&] { return pool.counters().connected == 1; }));
  std::string greeting;
  websocket::append_masked_frame(greeting, Opcode::text, "I am 8", {0x12, 0x34, 0x56, 0x78});
  EXPECT_EQ(server.read_until(1, greeting), greeting);
  EXPECT_FALSE(pool.settled()) << "the other one still waits for its answer";
}

TEST(ClientPool, ReceivesEventsThatArriveWithTheAnswer) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  begin_handshake(pool, server, 0);
  const std::string answer = welcome() + frame(Opcode::text, "one") + frame(Opcode::binary, "two");
  server.send(0, answer.substr(0, 20));
  server.send(0, answer.substr(20));
  EXPECT_TRUE(received(pool, 2));
  EXPECT_EQ(pool.counters().connected, 1U);
  EXPECT_EQ(pool.handshake_times().count(), 1U);
}

TEST(ClientPool, CountsRefusedClientsWithTheReason) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  begin_handshake(pool, server, 0);
  server.send(0, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(turn_until(pool, [&] { return pool.settled(); }));
  EXPECT_EQ(pool.counters().refused, 1U);
  EXPECT_EQ(pool.counters().connected, 0U);
  EXPECT_EQ(pool.first_refusal(), "HTTP/1.1 401 Unauthorized");
}

TEST(ClientPool, RefusesAWelcomeForAnotherKey) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  begin_handshake(pool, server, 0);
  server.send(
      0, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_TRUE(turn_until(pool, [&] { return pool.counters().refused == 1; }));
}

TEST(ClientPool, AServerThatClosesWithoutAnAnswerHasRefused) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  begin_handshake(pool, server, 0);
  server.close(0);
  EXPECT_TRUE(turn_until(pool, [&] { return pool.counters().refused == 1; }));
  EXPECT_EQ(pool.first_refusal(), "the connection was closed without an answer");
}

// epoll reports both with one edge, and there is no second.
TEST(ClientPool, AnEndThatCameTogetherWithTheLastEventIsNoticed) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  open_client(pool, server, 0);
  server.send(0, frame(Opcode::text, "the last one") + frame(Opcode::close, "\x03\xf0"));
  server.close(0);
  EXPECT_TRUE(turn_until(pool, [&] { return pool.counters().lost == 1; }));
  EXPECT_EQ(pool.counters().events, 1U);
  EXPECT_EQ(pool.counters().connected, 0U);
  EXPECT_EQ(pool.extremes().most, 1U) << "it was open, so that it counts";
}

TEST(ClientPool, AnswersPingsAndQuestionsWithoutCountingThem) {
  Server server;
  ClientSettings settings = server.settings();
  settings.answers = {{"2", "3"}, {"psst", ""}};
  ClientPool pool(settings);
  open_client(pool, server, 0);
  server.send(0, frame(Opcode::ping, "you?") + frame(Opcode::text, "2") + frame(Opcode::text, "psst") +
                     frame(Opcode::text, "22"));
  EXPECT_TRUE(received(pool, 1));
  std::string answers;
  websocket::append_masked_frame(answers, Opcode::pong, "you?", {0x12, 0x34, 0x56, 0x78});
  websocket::append_masked_frame(answers, Opcode::text, "3", {0x12, 0x34, 0x56, 0x78});
  EXPECT_EQ(server.read_until(0, answers), answers);
  EXPECT_EQ(pool.counters().events, 1U);
  EXPECT_EQ(pool.counters().pings, 1U);
}

TEST(ClientPool, BeginsOnlySoManyHandshakesAtOnce) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  pool.want(ClientPool::kHandshakesMax + 1);
  pool.turn(0);
  for (std::uint32_t i = 0; i < ClientPool::kHandshakesMax; ++i) ASSERT_TRUE(server.accept());
  pool.turn(0);
  EXPECT_FALSE(server.someone_waits());
  server.close(0);
  EXPECT_TRUE(turn_until(pool, [&] { return pool.counters().refused == 1; }));
  pool.turn(0);
  EXPECT_TRUE(server.accept()) << "the place of the one who was refused is free";
}

TEST(ClientPool, AStalledClientIsOpenAndReadsNothing) {
  Server server;
  ClientSettings settings = server.settings();
  settings.stall_from = 1;
  ClientPool pool(settings);
  open_client(pool, server, 0);
  open_client(pool, server, 1);
  server.send(1, frame(Opcode::text, "for the stalled client"));
  server.send(0, frame(Opcode::text, "for the other"));
  EXPECT_TRUE(received(pool, 1));
  EXPECT_EQ(pool.counters().connected, 2U);
  EXPECT_EQ(pool.counters().stalled, 1U);
  EXPECT_EQ(pool.counters().events, 1U);
  server.close(1);
  EXPECT_TRUE(turn_until(pool, [&] { return pool.counters().stalled_lost == 1; }));
  EXPECT_EQ(pool.counters().lost, 0U);
}

TEST(ClientPool, TimesAnEventFromWhenItWasDue) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  open_client(pool, server, 0);
  // Ten events a second, the first of them due a minute ago.
  pool.begin(
      Timetable({.events_per_s = 10, .events = 2, .channels = 1, .order = {}}, mono_now() - seconds(60)),
      Channels::shared);
  server.send(0, frame(Opcode::text, R"({"n":0})") + frame(Opcode::text, R"({"n":1})") +
                     frame(Opcode::text, R"({"n":1})"));
  EXPECT_TRUE(received(pool, 3));
  EXPECT_EQ(pool.latency().count(), 2U) << "the timetable has no third";
  EXPECT_GE(pool.latency().percentile_us(1), 59'900'000U);
  EXPECT_GE(pool.latency().max_us(), 60'000'000U);
  EXPECT_EQ(pool.counters().checked, 3U);
  EXPECT_EQ(pool.counters().out_of_order, 1U);
}

TEST(ClientPool, CountsLostAndSurplusEventsOfEachClient) {
  Server server;
  const ClientSettings settings = server.settings();
  ClientPool pool(settings);
  for (std::size_t i = 0; i < 3; ++i) open_client(pool, server, i);
  pool.begin(Timetable({.events_per_s = 10, .events = 6, .channels = 3, .order = {}}, mono_now()),
             Channels::one_a_client);
  server.send(0, frame(Opcode::text, R"({"n":0})") + frame(Opcode::text, R"({"n":3})"));
  server.send(1, frame(Opcode::text, R"({"n":1})") + frame(Opcode::text, R"({"n":4})") +
                     frame(Opcode::text, R"({"n":4})"));
  EXPECT_TRUE(received(pool, 5));
  const ClientPool::Tally tally = pool.tally(6, 6);
  EXPECT_EQ(tally.receivers, 3U);
  EXPECT_EQ(tally.expected, 6U);
  EXPECT_EQ(tally.lost, 2U);
  EXPECT_EQ(tally.surplus, 1U);
  EXPECT_EQ(pool.silent_clients(8), std::vector<std::uint32_t>{2});
  EXPECT_EQ(pool.extremes().fewest, 0U);
  EXPECT_EQ(pool.extremes().most, 3U);
}

}  // namespace
}  // namespace carillon::loadgen
