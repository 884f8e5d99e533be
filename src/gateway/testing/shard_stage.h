// ShardStage: a real Shard and Router on fake time and fake sockets, with a configuration that the test
// writes as TOML. Each thing that a client can do is a method here.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authenticator.h"
#include "auth/key_store.h"
#include "client/testing/fake_sockets.h"
#include "client/testing/server_frames.h"
#include "config/test_environment.h"
#include "gateway/resume_desk.h"
#include "gateway/router.h"
#include "gateway/shard.h"
#include "gateway/testing/fake_publisher.h"
#include "gateway/testing/recording_log.h"
#include "reactor/testing/fake_loop.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway::testing {

using namespace client;
using namespace protocol;

using namespace client::testing;

// An API with three paths: /now answers from the head, /echo repeats the body, /later answers when the test
// calls the responder in `deferred`.
class FakeApi final : public HttpHandler {
 public:
  Judgement judge(const http::RequestHead& head, const Requester&) override {
    if (head.path == "/now") {
      http::Response now;
      now.refusal = refuse_with;
      return now;
    }
    if (head.path == "/echo" || head.path == "/later") return TakeBody{body_bytes_max};
    return NotMine{};
  }
  std::optional<http::Response> handle(const http::RequestHead& head, std::string body, const Requester&,
                                       Responder later) override {
    on_handle();
    if (head.path == "/later") {
      deferred.push_back(std::move(later));
      return std::nullopt;
    }
    return text(body);
  }
  static http::Response text(std::string body) {
    http::Response response;
    response.body = std::move(body);
    response.content_type = "text/plain";
    return response;
  }

  std::vector<Responder> deferred;
  std::optional<http::RefusalNote> refuse_with;  // of /now
  std::size_t body_bytes_max = 64;
  std::function<void()> on_handle = [] {};
};

// Stands between the Router and the shard, and drops batches as a full inbox does.
class LossyLink final : public BatchTaker {
 public:
  explicit LossyLink(BatchTaker& taker) : taker_(taker) {}
  void take_batch(SharedBatch batch) override {
    if (lose > 0) {
      --lose;
    } else {
      taker_.take_batch(std::move(batch));
    }
  }

  void take_answers(std::vector<ResumeAnswer> answers) override { taker_.take_answers(std::move(answers)); }

  int lose = 0;  // how many of the next batches are dropped

 private:
  BatchTaker& taker_;
};

inline constexpr std::string_view kOrion = "[[endpoint]]\nprofile = \"orion\"\n";
inline constexpr std::string_view kEcho = "[[endpoint]]\nprofile = \"echo\"\n";
inline constexpr std::string_view kService = "[[endpoint]]\nprofile = \"service\"\n";
inline constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 section 1.3
inline constexpr std::string_view kUpgradeHeaders =
    "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

inline std::string token_with(std::string_view claims) {
  auto token = auth::mint_hs256(config::kGoodSecret, claims);
  EXPECT_TRUE(token.has_value());
  return token.value_or("");
}
inline std::string get(std::string_view target, std::string_view headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(headers) + "\r\n";
}
inline std::string upgrade_of(std::string_view target) { return get(target, kUpgradeHeaders); }
inline std::string orion_upgrade() { return upgrade_of("/ws?token=" + token_with(R"({"sub":"alice"})")); }

inline std::string client_frame(websocket::Opcode opcode, std::string_view payload,
                                websocket::Fin fin = websocket::Fin::yes) {
  std::string out;
  websocket::append_masked_frame(out, opcode, payload, websocket::MaskKey{0x11, 0x22, 0x33, 0x44}, fin);
  return out;
}
inline std::string client_close(std::uint16_t code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 255)};
  return client_frame(websocket::Opcode::close, payload.append(reason));
}

inline std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

// The bodies of /echo's answers, concatenated.
inline std::vector<std::string> bodies_of(std::string_view received) {
  std::vector<std::string> bodies;
  while (!received.empty()) {
    const Answer answer = split_answer(received);
    const std::size_t length = answer.head.find("Content-Length: ");
    if (length == std::string::npos) break;
    const auto size = static_cast<std::size_t>(std::stoul(answer.head.substr(length + 16)));
    bodies.push_back(answer.body.substr(0, size));
    received.remove_prefix(std::min(received.size(), answer.head.size() + size));
  }
  return bodies;
}

// What a stage has in place of the process: key sets, which nothing fetches but the test, a log, an API and a
// publisher.
struct StageProcess {
  auth::KeyStore key_store;
  RecordingLog log;
  FakeApi api;
  FakePublisher publisher;
};

class ShardStage : public StageProcess {
 public:
  // `sibling`: another shard of the same process, with the same configuration; outlives this one.
  explicit ShardStage(std::string_view toml = kOrion, Shard::Place place = Shard::Place::beside_the_router,
                      ShardStage* sibling = nullptr)
      : settings(load(toml)),
        endpoints((key_store.configure(settings.keys), compile_endpoints(settings).endpoints)),
        admission(settings.server.connections_max, endpoints,
                  settings.server.bodies_bytes_max ? settings.server.bodies_bytes_max : 64 * 1024 * 1024,
                  SipKey{3, 4}, settings.server.accepts_rate),
        shared{std::make_shared<const config::Settings>(settings),
               endpoints,
               sibling ? sibling->admission : admission,
               api,
               publisher,
               log,
               SipKey{1, 2},
               frame_memory,
               key_store,
               /*epoch=*/0x1234},
        shard(std::move(*Shard::create(shared, loop, sockets, place, 0, &desk))),
        link(*shard) {
    router.add_taker(link);
    desk.start();
  }

  // --- what a client does ---
  int connect(const std::string& address = "192.0.2.1") {
    const int fd = sockets.open_socket();
    sockets[fd].host = address;
    shard->acceptor().adopt(fd, address, options);
    return fd;
  }
  // The bytes arrive with one epoll edge; nothing is read before settle().
  void arrive(int fd, std::string_view bytes) {
    sockets[fd].incoming.append(bytes);
    if (sockets[fd].is_open()) loop.fire(fd, EPOLLIN);
  }
  void send(int fd, std::string_view bytes) {
    arrive(fd, bytes);
    settle();
  }
  void end(int fd) {
    sockets[fd].ended = true;
    if (sockets[fd].is_open()) loop.fire(fd, EPOLLIN | EPOLLRDHUP);
    settle();
  }
  void reset(int fd) {
    sockets[fd].broken = true;
    if (sockets[fd].is_open()) loop.fire(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    settle();
  }
  // The client reads up to `bytes` bytes.
  void let_read(int fd, std::size_t bytes) {
    FakeSocket& socket = sockets[fd];
    if (socket.capacity != FakeSocket::kEndless) {
      socket.capacity = bytes == FakeSocket::kEndless ? bytes : socket.capacity + bytes;
    }
    if (socket.is_open() && std::exchange(socket.was_short, false)) loop.fire(fd, EPOLLOUT);
    settle();
  }
  std::string take_received(int fd) { return std::exchange(sockets[fd].received, {}); }
  std::vector<std::string> take_frames(int fd) { return frames_of(take_received(fd)); }

  // Connects, sends a whole request, and returns the answer.
  Answer ask(std::string_view request, const std::string& address = "192.0.2.1") {
    last_fd = connect(address);
    send(last_fd, request);
    return split_answer(take_received(last_fd));
  }
  // Opens a WebSocket and reads its 101.
  int open(std::string_view request, const std::string& address = "192.0.2.1") {
    const Answer answer = ask(request, address);
    EXPECT_EQ(answer.head.substr(0, 12), "HTTP/1.1 101") << answer.head << answer.body;
    return last_fd;
  }
  int open_orion(const std::string& address = "192.0.2.1") { return open(orion_upgrade(), address); }

  void publish(std::string_view channel, std::string_view body) {
    router.on_event({channel, body});
    router.on_batch_end();
    settle();
  }

  // --- time ---
  void settle() { loop.settle(); }
  // Lets time pass as for a real loop, which wakes at timers and when the shard asked to be called.
  void run_for(MonoClock::duration time) {
    const MonoTime end = loop.now() + time;
    settle();
    while (loop.now() < end) {
      const MonoTime next = std::min({loop.turn_deadline(), loop.next_timer(), end});
      loop.advance(std::max<MonoClock::duration>(next - loop.now(), milliseconds(1)));
      settle();
    }
  }
  // Lets time pass in which the process does not run, as after SIGSTOP.
  void stall(MonoClock::duration time) { loop.advance(time); }

  // --- what can be observed ---
  std::uint64_t refusals(RefusalReason reason) const { return shard->counters().all_refusals(reason); }
  std::uint64_t closes(CloseReason reason, std::size_t endpoint = 0) const {
    return shard->counters().endpoints[endpoint].closes[reason].get();
  }
  std::uint64_t all_refusals() const {
    std::uint64_t total = sum(shard->counters().refusals);
    for (const auto& endpoint : shard->counters().endpoints) total += sum(endpoint.refusals);
    return total;
  }
  std::uint64_t all_closes() const {
    std::uint64_t total = 0;
    for (const auto& endpoint : shard->counters().endpoints) total += sum(endpoint.closes);
    return total;
  }
  std::uint64_t open_connections(std::size_t endpoint = 0) const {
    return shard->counters().endpoints[endpoint].connections.get();
  }
  bool was_closed(int fd) { return sockets[fd].closes == 1 && sockets[fd].resets == 0; }
  bool was_reset(int fd) { return sockets[fd].closes == 0 && sockets[fd].resets == 1; }

  // Checks that no client, counter or memory is left, and that each descriptor was closed once.
  void expect_nothing_left() {
    EXPECT_EQ(shard->counters().sockets.get(), 0U);
    EXPECT_EQ(shard->drain().clients_left(), 0U);
    EXPECT_EQ(admission.connections(), 0U);
    EXPECT_EQ(admission.inside().addresses, 0U);
    EXPECT_EQ(admission.inside().users, 0U);
    EXPECT_EQ(shard->counters().retained_bytes.get(), 0U);
    EXPECT_EQ(shard->counters().blocked.get(), 0U);
    std::uint64_t accepted = 0;
    for (const auto& endpoint : shard->counters().endpoints) {
      EXPECT_EQ(endpoint.connections.get(), 0U);
      accepted += endpoint.accepted.get();
    }
    EXPECT_EQ(all_closes(), accepted) << "each WebSocket has one reason for its close";
    for (const auto& [fd, socket] : sockets.all()) EXPECT_EQ(socket.closes + socket.resets, 1) << fd;
  }

  static config::Settings load(std::string_view toml) {
    config::Loaded loaded = config::load_good(toml);
    for (const config::Problem& problem : loaded.errors) ADD_FAILURE() << problem.text();
    return std::move(loaded.settings);
  }

  static history::BudgetLimits history_budget(const config::Settings& settings) {
    const std::uint64_t bytes = settings.server.history_bytes_max;
    return {bytes > 0 ? bytes : std::uint64_t{1} << 30, settings.server.history_channels_max};
  }

  config::Settings settings;
  fanout::FrameMemory frame_memory{settings.server.backlog_bytes_max > 0 ? settings.server.backlog_bytes_max
                                                                         : std::uint64_t{1} << 30};
  reactor::FakeLoop loop;
  FakeSockets sockets{loop};
  EndpointTable endpoints;
  Admission admission;
  Shared shared;
  EventHistory history{endpoints, shared.epoch, history_budget(settings), SipKey{5, 6}};
  Router router{endpoints, shared.admission, frame_memory, history, loop, log};
  ResumeDesk desk{router, history, loop};
  std::unique_ptr<Shard> shard;
  LossyLink link;
  ListenerOptions options;  // of the address that the next clients connect to
  int last_fd = -1;

 private:
  template <class Reason>
  static std::uint64_t sum(const ByReason<Reason>& counters) {
    return std::accumulate(counters.counters.begin(), counters.counters.end(), std::uint64_t{0},
                           [](std::uint64_t total, const Counter& each) { return total + each.get(); });
  }
};

}  // namespace carillon::gateway::testing
