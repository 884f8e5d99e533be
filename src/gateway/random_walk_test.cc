// A seeded random walk: thousands of clients act on one shard, on fake time. Every open client that reads
// receives each event since it connected, in order; every close is counted once; at the end no state is left.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using websocket::Opcode;

constexpr std::string_view kTwoEndpoints =
    "server.outbox_bytes_max = 8192\n"
    "[[endpoint]]\nprofile = \"orion\"\nframes.event = '$body'\nlag.bytes_max = 20000\n"
    "auth.close_at_exp = 1008\n"
    "[[endpoint]]\nprofile = \"echo\"\ndeflate = \"off\"\n";

class Walk {
 public:
  explicit Walk(std::uint32_t seed) : random_(seed), stage_(kTwoEndpoints) {
    if (seed % 2 == 1) stage_.sockets.set_cost_of_a_look(std::chrono::microseconds(300));
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (i % 64 == 0) check_counts();
      if (i % 500 == 0) stage_.run_for(milliseconds(pick(20'000)));
    }
    close_all();
  }

 private:
  enum class Kind { http, orion, echo };
  struct Client {
    Kind kind = Kind::http;
    std::uint32_t joined_at = 0;  // the number of the next event that it must receive; 0: any
    std::string unsent;           // the rest of what it is about to send
    std::string seen;             // received, from its first frame on
    bool head_seen = false;
    bool hostile = false;  // has sent something invalid: its stream may end anywhere
  };

  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  void step() {
    const std::uint32_t what = pick(100);
    if (clients_.size() < 20 || (what < 8 && clients_.size() < 300)) return arrive();
    if (what < 30) return publish();
    if (what < 33) return stage_.run_for(milliseconds(pick(400)));
    const auto chosen = std::next(clients_.begin(), pick(static_cast<std::uint32_t>(clients_.size())));
    act(chosen->first, chosen->second, what);
    collect(chosen->first, chosen->second);
    if (!stage_.sockets[chosen->first].is_open()) clients_.erase(chosen);
  }

  void arrive() {
    const int fd = stage_.connect("192.0.2." + std::to_string(pick(200)));
    Client& client = clients_[fd];
    client.kind = static_cast<Kind>(pick(3));
    if (pick(3) == 0) stage_.sockets[fd].read_bytes_max = 1 + pick(50);
    if (pick(5) == 0) stage_.sockets[fd].capacity = pick(3000);
    client.unsent = first_bytes_of(client.kind);
  }

  std::string first_bytes_of(Kind kind) {
    if (kind == Kind::http) {
      return pick(2) == 0 ? get("/now", "Host: x\r\n")
                          : "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    }
    if (pick(10) == 0) return upgrade_of("/ws?token=bad");
    if (kind == Kind::echo) return upgrade_of("/echo");
    if (pick(4) != 0) return orion_upgrade();
    const auto wall = std::chrono::duration_cast<seconds>(stage_.loop.wall_now().time_since_epoch()).count();
    return upgrade_of("/ws?token=" + token_with("{\"exp\":" + std::to_string(wall + pick(60)) + "}"));
  }

  void publish() {
    const std::uint32_t many = 1 + pick(4);
    for (std::uint32_t i = 0; i < many; ++i) {
      const std::string padding(pick(20) == 0 ? pick(3000) : pick(40), 'e');
      stage_.router.on_event({"orion.a", "[" + std::to_string(next_event_++) + ",\"" + padding + "\"]"});
    }
    if (pick(10) == 0) stage_.router.on_event({"orion.a", "not JSON"});
    if (pick(500) == 0) stage_.link.lose = 1;
    stage_.router.on_batch_end();
    if (pick(2) == 0) stage_.settle();
    note_joins();
  }

  void act(int fd, Client& client, std::uint32_t what) {
    FakeSocket& socket = stage_.sockets[fd];
    if (!socket.is_open()) return;
    if (what < 70) return send_some(fd, client);
    if (what < 82) return stage_.let_read(fd, pick(5000));
    if (what < 86) return stage_.let_read(fd, FakeSocket::kEndless);
    if (what < 88) socket.capacity = 0;
    if (what == 88) return stage_.end(fd);
    if (what == 89) return stage_.reset(fd);
    if (what < 93 && stage_.loop.fire(fd, EPOLLIN | EPOLLOUT)) return;  // a spurious edge
    if (what == 93) add_garbage(client);
  }

  // Sends all or a part of what is unsent. When nothing is, the client makes up something new first.
  void send_some(int fd, Client& client) {
    if (client.unsent.empty()) client.unsent = next_bytes(client);
    const std::size_t count =
        pick(3) == 0 ? std::min<std::size_t>(client.unsent.size(), 1 + pick(40)) : client.unsent.size();
    const std::string piece = client.unsent.substr(0, count);
    client.unsent.erase(0, count);
    pick(2) == 0 ? stage_.send(fd, piece) : stage_.arrive(fd, piece);
    note_joins();
  }

  std::string next_bytes(Client& client) {
    if (client.kind == Kind::http || !client.head_seen)
      return pick(6) == 0 ? "\r\n\r\n" : first_bytes_of(client.kind);
    switch (pick(9)) {
      case 0:
        return client_close(1000, "bye");
      case 1:
        client.hostile = true;
        return client_frame(Opcode::text, "\xff\xfe");
      case 2: {
        std::string flood;
        for (int i = 0; i < 200; ++i) flood += client_frame(Opcode::ping, std::string(125, 'p'));
        return flood;
      }
      case 3:
        return client_frame(Opcode::text, "in ", websocket::Fin::no) + client_frame(Opcode::pong, "x") +
               client_frame(Opcode::continuation, "parts");
      case 4:
        return client_frame(Opcode::binary, std::string(pick(600), 'b'));
      default:
        return client_frame(Opcode::pong, "");
    }
  }

  void add_garbage(Client& client) {
    client.hostile = true;
    client.unsent.clear();
    for (std::uint32_t i = pick(200); i > 0; --i) client.unsent += static_cast<char>(random_());
  }

  // Clients whose 101 has been sent by now receive what is published from now on.
  void note_joins() {
    for (auto& [fd, client] : clients_) collect(fd, client);
  }

  void collect(int fd, Client& client) {
    FakeSocket& socket = stage_.sockets[fd];
    client.seen += std::exchange(socket.received, {});
    if (client.kind != Kind::orion) {
      client.head_seen = client.head_seen || client.seen.starts_with("HTTP/1.1 101");
      client.seen.erase(0, client.seen.size() > 200 ? client.seen.size() - 200 : 0);
      return;
    }
    if (!client.head_seen) {
      if (!client.seen.starts_with("HTTP/1.1 101")) return;
      const std::size_t end = client.seen.find("\r\n\r\n");
      if (end == std::string::npos) return;
      client.head_seen = true;
      client.seen.erase(0, end + 4);
    }
    check_events(client);
  }

  // Removes whole frames from what was received, and checks that no event is missing or repeated.
  void check_events(Client& client) {
    const auto frames = frames_of(client.seen);
    std::size_t rest = 0;
    for (const std::string& frame : frames) {
      if (frame.starts_with("rest ")) rest = std::stoul(frame.substr(5));
      if (!frame.starts_with("text [")) continue;
      const auto number = static_cast<std::uint32_t>(std::stoul(frame.substr(6)));
      if (client.joined_at != 0) {
        ASSERT_EQ(number, client.joined_at);
      }
      client.joined_at = number + 1;
      ++received_;
    }
    client.seen.erase(0, client.seen.size() - rest);
  }

  void check_counts() {
    stage_.settle();
    std::uint64_t open_sockets = 0;
    for (const auto& [fd, client] : clients_) open_sockets += stage_.sockets[fd].is_open() ? 1U : 0U;
    ASSERT_EQ(stage_.shard->counters().sockets.get(), open_sockets);
    ASSERT_EQ(stage_.admission.connections(), stage_.open_connections(0) + stage_.open_connections(1));
    std::uint64_t accepted = 0;
    for (const auto& endpoint : stage_.shard->counters().endpoints) accepted += endpoint.accepted.get();
    ASSERT_EQ(accepted, stage_.all_closes() + stage_.admission.connections());
  }

  void close_all() {
    check_counts();
    if (pick(2) == 0) {
      stage_.admission.begin_drain();
      stage_.shard->begin_drain(seconds(2));
      stage_.run_for(seconds(3));
    }
    for (auto& [fd, client] : clients_) collect(fd, client);
    for (auto& [fd, client] : clients_) pick(2) == 0 ? stage_.end(fd) : stage_.reset(fd);
    stage_.run_for(seconds(40));
    stage_.expect_nothing_left();
    EXPECT_GT(received_, 1000U) << "the walk delivered too few events to show anything";
  }

  std::mt19937 random_;
  ShardStage stage_;
  std::map<int, Client> clients_;
  std::uint32_t next_event_ = 1;
  std::uint64_t received_ = 0;
};

class RandomWalk : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomWalk, StreamsHaveNoGapsAndNothingIsLeft) { Walk(GetParam()).run(5000); }

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWalk, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace carillon::gateway::testing
