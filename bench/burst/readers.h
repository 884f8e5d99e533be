// Readers: WebSocket clients that read events, as fast as they can or at a fixed rate, and record when each
// has received all of them.
//
// Thread: one. connect() and await() block; both are bounded. Memory: one receive buffer for all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/client_settings.h"
#include "loadgen/frame_counter.h"

namespace carillon::bench {

struct Pace {
  // The rate of one client; 0: as fast as it can.
  double bytes_per_s = 0;
  // SO_RCVBUF; 0: the kernel's default, which grows.
  int receive_buffer_bytes = 0;
};

class Readers {
 public:
  // A link that was idle for longer than this does not catch up on the missed time at once.
  static constexpr auto kCreditMax = milliseconds(50);
  static constexpr auto kTick = milliseconds(5);
  static constexpr auto kQuietMax = seconds(10);   // without a byte for any client
  static constexpr auto kAnswerMax = seconds(10);  // to an upgrade

  Readers(const loadgen::ClientSettings& settings, Pace pace);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // Connects `clients` clients, one after the other. Fails when one of them gets no 101.
  Result<std::monostate> connect(std::uint32_t clients);

  struct Outcome {
    std::uint64_t fewest = 0;    // events of the client that received the fewest
    std::uint64_t received = 0;  // events of all of them
    std::uint32_t complete = 0;  // clients that have all
    std::uint32_t closed = 0;    // clients whose connection the server has ended
    std::int64_t first_ns = 0;   // when the first client was complete, by the monotonic clock; 0: none was
    std::int64_t last_ns = 0;    // and the last one
    std::string first_close;     // code and reason of the first close frame
  };
  // Reads until every client has received this many events or was closed, or nothing arrived for kQuietMax.
  Outcome await(std::uint64_t events);

 private:
  struct Reader {
    int fd = -1;
    loadgen::FrameCounter frames;
    std::uint64_t events = 0;
    double credit_bytes = 0;
  };
  class Frames;

  Result<std::monostate> upgrade(std::uint32_t number);
  Result<std::string> read_head(int fd);
  void read_ready_ones();
  void read_at_pace(MonoTime& last_tick);
  void read(Reader& reader, std::size_t bytes_max);
  void end(Reader& reader);
  void note(Reader& reader, std::string_view bytes);

  const loadgen::ClientSettings& settings_;
  const Pace pace_;
  const int epoll_;
  std::vector<Reader> readers_;
  std::vector<char> buffer_;
  std::uint64_t awaited_ = 0;
  std::uint32_t open_ = 0;
  std::uint32_t unfinished_ = 0;  // open, and without all events
  MonoTime last_byte_at_{};
  Outcome outcome_;
};

}  // namespace carillon::bench
