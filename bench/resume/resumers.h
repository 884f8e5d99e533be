// Resumers: WebSocket clients that subscribe to a channel each, are cut off, and come back with the position
// of the last event that they received. They check that each receives every event of its channel once and in
// order.
//
// Thread: one; the calls block and are bounded. Memory: one receive buffer for all, and of each client the
// part of a message that has arrived.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/client_settings.h"
#include "resume/protocols.h"

namespace carillon::bench {

class Resumers {
 public:
  static constexpr auto kQuietMax = seconds(20);          // no client opened, none has its next event
  static constexpr auto kSurplusFor = milliseconds(300);  // how long events that are too many may take

  struct Crowd {
    std::uint32_t clients = 0;
    std::uint32_t channels = 1;        // client i subscribes to channel i modulo this, "bench.0" and up
    std::uint32_t connecting_max = 1;  // so many connections are being opened at a time
  };
  struct Outcome {
    std::uint32_t complete = 0;      // clients that have every event up to the last one
    std::uint32_t subscribed = 0;    // clients whose subscription was answered
    std::uint32_t recovered = 0;     // of them, those whose answer says that nothing is missing
    std::uint32_t refused = 0;       // no 101, or an error instead of the answer
    std::uint32_t closed = 0;        // ended by the server
    std::uint64_t out_of_order = 0;  // events that were not the next one of their client
    std::uint64_t bytes = 0;         // received, the heads of the 101s included
    std::int64_t begin_ns = 0;       // by the monotonic clock: the first connect(), or the call
    std::int64_t first_ns = 0;       // when the first client was complete; 0: none was
    std::int64_t last_ns = 0;        // and the last one
    std::int64_t cpu_ns = 0;         // of this thread
  };

  Resumers(const loadgen::ClientSettings& settings, const Protocol& protocol, const Crowd& crowd);
  ~Resumers();
  Resumers(const Resumers&) = delete;
  Resumers& operator=(const Resumers&) = delete;

  // Connects all clients and subscribes them, with their positions where they have any, until each has every
  // event up to number `last`. Returns early when no client makes
  // progress for kQuietMax; pings are none.
  Outcome connect(std::uint64_t last);
  // Waits on the open connections until each client has every event up to number `last`.
  Outcome await(std::uint64_t last);
  // Resets all connections.
  void cut();

 private:
  enum class State : std::uint8_t { closed, connecting, upgrading, open };
  struct Client {
    int fd = -1;
    State state = State::closed;
    bool answered = false;
    std::uint64_t received = 0;  // the number of the last event in order
    std::string position;
    std::string unread;  // the beginning of a head or of a frame
  };

  void begin(std::uint64_t last);
  Outcome run();
  bool done() const;
  void turn(int timeout_ms);
  void start(std::uint32_t index);
  void on_ready(std::uint32_t index, std::uint32_t epoll_events);
  void send_request(std::uint32_t index);
  void read(std::uint32_t index);
  std::size_t parse(std::uint32_t index, std::string_view bytes);
  std::size_t parse_head(std::uint32_t index, std::string_view bytes);
  std::size_t parse_frame(std::uint32_t index, std::string_view bytes);
  void on_message(Client& client, std::string_view message);
  void on_event(Client& client, std::uint64_t number);
  bool is_complete(const Client& client) const { return client.answered && client.received >= last_; }
  void send_text(Client& client, std::string_view text);
  void end(Client& client, std::uint32_t& counter);

  const loadgen::ClientSettings& settings_;
  const Protocol& protocol_;
  const Crowd crowd_;
  const int epoll_;
  std::vector<Client> clients_;
  std::vector<char> buffer_;
  Understood understood_;   // of the message at hand; kept for its memory
  std::string send_;        // likewise
  std::uint64_t last_ = 0;  // the number that makes a client complete
  std::uint32_t started_ = 0;
  std::uint32_t connecting_ = 0;
  MonoTime last_progress_at_{};
  Outcome outcome_;
};

}  // namespace carillon::bench
