// ClientPool: many WebSocket clients on one epoll, as cheap as counting can be. They connect, a bounded
// number at a time, answer pings, and count the frames that come to each of them.
//
// Thread: one. Nothing here waits but turn().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/frame_counter.h"

namespace carillon::bench {

struct Target {
  std::string host = "127.0.0.1";  // numeric IPv4
  std::uint16_t port = 0;
  std::string path = "/ws";  // with its query but for the token
  std::string token;         // sent as ?token=; empty: none
};

struct PoolCounters {
  std::uint64_t connected = 0;  // now open
  std::uint64_t refused = 0;    // no 101 came; each is tried once
  std::uint64_t lost = 0;       // open once, and closed by the server
  std::uint64_t events = 0;     // data frames
  std::uint64_t bytes = 0;      // of events and all else, without the handshakes
  std::uint64_t pings = 0;      // answered
  std::uint64_t reads = 0;
};

class ClientPool final {
 public:
  // Handshakes under way at once: the server's backlog and its other clients should not notice.
  static constexpr std::uint32_t kHandshakesMax = 64;
  // Clients of a loopback server come from so many addresses: one has only 28,000 ports.
  static constexpr std::uint32_t kSourceAddresses = 8;

  explicit ClientPool(Target target);
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // Be so many clients in all; those that there are stay.
  void want(std::uint32_t clients) { wanted_ = clients; }
  // All that were wanted are connected, or were refused.
  bool settled() const { return clients_.size() >= wanted_ && handshakes_ == 0; }

  // Also tell when there is something to read on this descriptor.
  void watch(int fd);
  // Waits for I/O, at most so long, and does what there is to do. True when the watched descriptor is
  // readable.
  bool turn(int timeout_ms);

  const PoolCounters& counters() const { return counters_; }
  // Events of the client that had fewest and of the one that had most, of those that were ever open.
  struct Extremes {
    std::uint64_t fewest = 0;
    std::uint64_t most = 0;
  };
  Extremes extremes() const;

 private:
  enum class State : std::uint8_t { connecting, awaiting_101, open, gone };
  struct Client {
    FrameCounter frames;
    std::uint64_t events = 0;
    std::unique_ptr<std::string> head;  // of the answer, until it is whole
    int fd = -1;
    State state = State::connecting;
    bool was_open = false;
  };
  class Answering;

  void start_handshakes();
  bool start(std::uint32_t index);
  void on_ready(std::uint32_t index, std::uint32_t epoll_events);
  void send_request(std::uint32_t index);
  void read(std::uint32_t index);
  void on_bytes(std::uint32_t index, std::string_view bytes);
  void on_head_bytes(std::uint32_t index, std::string_view bytes);
  void end(std::uint32_t index);

  const Target target_;
  const std::string request_;
  const std::string accept_line_;
  int epoll_ = -1;
  std::vector<Client> clients_;
  std::vector<char> receive_;
  std::uint32_t wanted_ = 0;
  std::uint32_t handshakes_ = 0;  // under way
  PoolCounters counters_;
};

}  // namespace carillon::bench
