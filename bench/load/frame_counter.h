// FrameCounter: counts a server's frames (RFC 6455 section 5.2) in a stream of bytes, by walking their
// headers; a payload of data is stepped over and never looked at. Exact wherever the stream is split.
//
// For a load generator, so it trusts the server more than a client should: it does not check UTF-8, RSV
// bits or fragments. Thread: one. 24 bytes while no frame is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "websocket/opcode.h"

namespace carillon::bench {

class ControlFrames {
 public:
  virtual void on_control(websocket::Opcode opcode, std::string_view payload) = 0;

 protected:
  ~ControlFrames() = default;
};

class FrameCounter {
 public:
  // The data frames that end in these bytes. `control` hears pings, pongs and closes.
  std::uint32_t feed(std::string_view bytes, ControlFrames& control);

 private:
  std::size_t read_header(std::string_view bytes);
  bool is_control() const { return (header_[0] & 0x08) != 0; }
  void end_frame(ControlFrames& control);

  std::uint64_t payload_left_ = 0;
  std::unique_ptr<std::string> control_payload_;
  unsigned char header_[10] = {};
  std::uint8_t header_size_ = 0;  // bytes of it that have come
  bool in_payload_ = false;
};

}  // namespace carillon::bench
