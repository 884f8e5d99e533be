// Wire: one client's end of its connection: what it sends, and what it receives, as a head and frames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "virtual_sockets.h"

namespace carillon::simulation {

class Wire {
 public:
  struct Frame {
    int first = 0;  // the byte with FIN, reserved bits and opcode
    std::string payload;
  };

  Wire(VirtualSockets& sockets, const VirtualClock& clock) : sockets_(sockets), clock_(clock) {}

  void connect(int listener, const std::string& address);
  int fd() const { return fd_; }  // -1 before connect()
  VirtualSocket& socket() const { return sockets_[fd_]; }

  void send(std::string_view bytes);
  void send_frame(int opcode, std::string_view payload);  // masked, in one piece
  MonoTime last_sent() const { return last_sent_; }
  void end() { sockets_.end(fd_); }
  void reset() { sockets_.reset(fd_, "leaves"); }
  // The client's machine is gone: nothing comes from it any more, and it receives nothing.
  void vanish();
  bool has_vanished() const { return vanished_; }

  // Receives at most `bytes_max` bytes.
  void receive(std::size_t bytes_max);
  // The next whole part of what was received, if there is one.
  std::optional<std::string> take_head();
  std::optional<Frame> take_frame();
  // How far the node's feed was when the last byte of what was taken last was written; nothing when the
  // sockets have no record of it.
  std::optional<std::uint64_t> fed_when_written() const;

 private:
  VirtualSockets& sockets_;
  const VirtualClock& clock_;
  int fd_ = -1;
  bool vanished_ = false;
  MonoTime last_sent_{};
  std::string received_;     // and not taken
  std::uint64_t taken_ = 0;  // bytes, ever
};

}  // namespace carillon::simulation
