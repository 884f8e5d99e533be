#include "loadgen/crowd.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "loadgen/publisher.h"
#include "websocket/frame_writer.h"
#include "websocket/handshake.h"

namespace carillon::loadgen {
namespace {

constexpr auto kCrowdPatience = seconds(20);

// ThreadSanitizer takes a descriptor's number for the same file in every thread, and with several threads
// each has a table of its own. What one thread and its owner share it can judge.
#ifdef __SANITIZE_THREAD__
constexpr std::uint32_t kThreads = 1;
#else
constexpr std::uint32_t kThreads = 3;
#endif

// A server on a thread of its own that accepts `clients` clients, welcomes each, and sends it `events`
// events.
class SmallServer {
 public:
  SmallServer(int clients, int events) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::listen(listener_, clients);
    socklen_t size = sizeof address_;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size);
    thread_ = std::thread([this, clients, events] { serve(clients, events); });
  }
  ~SmallServer() {
    ::shutdown(listener_, SHUT_RDWR);  // no more are waited for
    thread_.join();
    for (const int fd : clients_) ::close(fd);
    ::close(listener_);
  }
  SocketAddress address() const { return {reinterpret_cast<const sockaddr*>(&address_), sizeof address_}; }

 private:
  void serve(int clients, int events) {
    while (static_cast<int>(clients_.size()) < clients) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      clients_.push_back(fd);
      std::array<char, 4096> head;
      if (::recv(fd, head.data(), head.size(), 0) <= 0) continue;  // whole: it is one small send
      std::string answer = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ";
      answer += websocket::accept_key(websocket_key()) + "\r\n\r\n";
      for (int i = 0; i < events; ++i) {
        websocket::append_frame(answer, websocket::Opcode::text, R"({"n":)" + std::to_string(i) + "}");
      }
      EXPECT_EQ(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
    }
  }

  const int listener_;
  sockaddr_in address_{};
  std::vector<int> clients_;
  std::thread thread_;
};

ClientSettings clients_of(const SmallServer& server) {
  ClientSettings settings;
  settings.address = server.address();
  settings.host_header = "x";
  settings.target = ClientTemplate("/");
  return settings;
}

Crowd::State when_heard(Crowd& crowd, std::uint64_t events) {
  const MonoTime deadline = mono_now() + kCrowdPatience;
  Crowd::State state = crowd.state();
  for (; state.counters.events < events && mono_now() < deadline; state = crowd.state()) {
    wait_until(mono_now() + milliseconds(1));
  }
  return state;
}

TEST(Crowd, OfSeveralThreadsCountsAsOne) {
  const SmallServer server(7, 3);
  const ClientSettings settings = clients_of(server);
  auto crowd = Crowd::start({.clients = 7, .threads = kThreads, .core = std::nullopt}, settings);
  ASSERT_TRUE(crowd) << crowd.error().message;
  (*crowd)->connect();
  const Crowd::State state = when_heard(**crowd, 21);
  EXPECT_TRUE(state.settled);
  EXPECT_EQ(state.counters.connected, 7U);
  EXPECT_EQ(state.counters.events, 21U);
  EXPECT_EQ((*crowd)->handshake_times().count(), 7U);
  (*crowd)->begin(Timetable({.events_per_s = 10, .events = 2, .channels = 1, .order = {}}, mono_now()),
                  Channels::shared);
  const ClientPool::Tally tally = (*crowd)->tally(2, 2);
  EXPECT_EQ(tally.receivers, 7U);
  EXPECT_EQ(tally.silent, 7U) << "begin() forgets";
  EXPECT_EQ(tally.lost, 14U);
  EXPECT_EQ((*crowd)->silent_clients(4).size(), 4U);
}

TEST(Crowd, StartedAndLeftAtOnceWaitsForNothing) {
  const SmallServer server(1, 0);
  const ClientSettings settings = clients_of(server);
  auto crowd = Crowd::start({.clients = 1, .threads = kThreads, .core = std::nullopt}, settings);
  ASSERT_TRUE(crowd) << crowd.error().message;
}

TEST(Crowd, AMissingCoreIsReported) {
  const SmallServer server(1, 0);
  const ClientSettings settings = clients_of(server);
  const auto crowd = Crowd::start({.clients = 1, .threads = 1, .core = 100'000}, settings);
  ASSERT_FALSE(crowd);
  EXPECT_NE(crowd.error().message.find("core 100000"), std::string::npos) << crowd.error().message;
}

}  // namespace
}  // namespace carillon::loadgen
