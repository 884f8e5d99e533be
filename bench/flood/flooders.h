// Flooders: clients that send one kind of flood as fast as the server reads it, and read and discard its
// answers. A flooder that the server closes reconnects after kPause, as an attacker would.
//
// A flooder of TLS ClientHellos resets its connection as soon as the server has answered, and opens another
// one. Each flooder has a source address of its own, from 127.0.1.0 on.
//
// Thread: one. turn() blocks for at most the given time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "flood/kinds.h"

namespace carillon::bench {

class Flooders {
 public:
  static constexpr auto kPause = seconds(1);  // after the server has closed or refused
  static constexpr int kSendBufferBytes = 64 * 1024;

  struct Counters {
    std::uint64_t sent_bytes = 0;  // of the flood, accepted by the kernel
    std::uint64_t received_bytes = 0;
    std::uint64_t opened = 0;   // flooded at least once
    std::uint64_t closed = 0;   // by the server, while they flooded
    std::uint64_t refused = 0;  // before that
  };

  // `request` is the upgrade, for the kinds that need one.
  Flooders(FloodKind kind, std::uint16_t port, std::string request, std::uint32_t count);
  ~Flooders();
  Flooders(const Flooders&) = delete;
  Flooders& operator=(const Flooders&) = delete;

  // Makes turn() also report when this descriptor is readable or at its end.
  void watch(int fd);
  // Sends, reads and reconnects once, after waiting at most this long for sockets. Returns true when the
  // watched descriptor is ready.
  bool turn(int timeout_ms);
  // Returns true when every flooder has flooded or was refused at least once.
  bool all_begun() const { return begun_ == flooders_.size(); }
  const Counters& counters() const { return counters_; }
  // Messages, fragments, requests or hellos in `sent_bytes`.
  std::uint64_t units_sent() const;

 private:
  enum class State : std::uint8_t { waiting, connecting, upgrading, flooding };
  enum class EndedBy : std::uint8_t { itself, server };
  struct Flooder {
    int fd = -1;
    State state = State::waiting;
    bool begun = false;
    std::uint32_t sent = 0;  // of the flood's bytes, this time round
    MonoTime again_at{};
  };

  void start(std::uint32_t index);
  void on_ready(std::uint32_t index, std::uint32_t events);
  void on_connected(std::uint32_t index);
  bool read(std::uint32_t index);
  bool read_answer(std::uint32_t index);
  void flood(std::uint32_t index);
  void begin(Flooder& flooder);
  void end(std::uint32_t index, EndedBy by);
  void want(std::uint32_t index, std::uint32_t events);

  const FloodKind kind_;
  const std::uint16_t port_;
  const std::string request_;
  const Flood flood_;
  const int epoll_;
  std::vector<Flooder> flooders_;
  std::size_t begun_ = 0;
  Counters counters_;
};

}  // namespace carillon::bench
