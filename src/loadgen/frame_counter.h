#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "websocket/opcode.h"

namespace carillon::loadgen {

// Whether a frame counts as an event.
enum class Counts : std::uint8_t { as_event, as_nothing };

// Receives control frames and short data frames from a FrameCounter.
class FrameListener {
 public:
  // The views are valid during the call only.
  virtual void on_control(websocket::Opcode opcode, std::string_view payload) = 0;
  // Called with a whole short data frame; returns whether it is an event.
  virtual Counts on_short(std::string_view payload) = 0;

 protected:
  ~FrameListener() = default;
};

// Receives the payloads of data frames, in pieces as they were read.
class PayloadListener {
 public:
  // The next piece of a data frame's payload, as it was read.
  virtual void on_payload(std::string_view piece) = 0;

 protected:
  ~PayloadListener() = default;
};

// FrameCounter: counts a server's messages (RFC 6455 section 5.2) in a stream of bytes by reading the frames'
// headers only; payloads are skipped. Exact wherever the stream is split.
//
// For a load generator, so it trusts the server more than a client should: it checks no UTF-8, no RSV bits
// and no order of fragments. Thread: one. 32 bytes between frames; of a control or short frame
// it keeps at most kCollectedBytesMax bytes.
class FrameCounter {
 public:
  static constexpr std::size_t kCollectedBytesMax = 125;  // all that a control frame may have

  // Returns the number of messages that end in these bytes. The listener gets data frames of 1 to
  // `short_bytes_max` bytes whole, before they are counted.
  std::uint32_t feed(std::string_view bytes, FrameListener& frames, std::size_t short_bytes_max = 0);
  // The same, and passes all payloads to `payloads`.
  std::uint32_t feed(std::string_view bytes, FrameListener& frames, std::size_t short_bytes_max,
                     PayloadListener& payloads);

 private:
  template <class OnPayload>
  std::uint32_t walk(std::string_view bytes, FrameListener& frames, std::size_t short_bytes_max,
                     OnPayload on_payload);
  std::size_t read_header(std::string_view bytes, std::size_t short_bytes_max);
  void collect(std::string_view piece);
  bool is_control() const { return (header_[0] & 0x08) != 0; }
  bool is_final() const { return (header_[0] & 0x80) != 0; }
  std::uint32_t end_frame(FrameListener& frames);

  std::uint64_t payload_left_ = 0;
  std::unique_ptr<std::string> collected_;
  unsigned char header_[10] = {};
  std::uint8_t header_size_ = 0;  // bytes of it that have come
  bool in_payload_ = false;
  bool collects_ = false;
};

}  // namespace carillon::loadgen
