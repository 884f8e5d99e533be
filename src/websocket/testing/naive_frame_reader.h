// For tests and fuzzers: RFC 6455 section 5 read in the plainest way, the whole input at hand, each
// rule written once where the RFC has it. FrameReader must agree with it under any split.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/testing/naive_utf8.h"
#include "websocket/frame_reader.h"
#include "websocket/testing/recorder.h"

namespace carillon::websocket::testing {

class NaiveFrameReader {
 public:
  NaiveFrameReader(std::string_view input, const ReaderLimits& limits) : input_(input), limits_(limits) {
    while (at_ < input_.size() && !over_) read_frame();
  }

  Reading reading;

 private:
  struct Frame {
    bool fin, rsv1;
    int opcode;
    std::string payload;  // unmasked, as much as is there
    bool is_whole;
  };

  void fail(int code) {
    reading.fault = static_cast<std::uint16_t>(code);
    over_ = true;
  }
  bool has(std::size_t count) const { return input_.size() - at_ >= count; }
  unsigned byte(std::size_t index) const { return static_cast<std::uint8_t>(input_[at_ + index]); }

  void read_frame() {
    Frame frame{(byte(0) & 0x80) != 0, (byte(0) & 0x40) != 0, static_cast<int>(byte(0) & 0x0F), {}, false};
    const bool is_control = frame.opcode >= 8;
    if (const int code = first_byte_fault(frame)) return fail(code);
    if (!has(2)) return wait();
    if ((byte(1) & 0x80) == 0) return fail(1002);
    std::uint64_t length = byte(1) & 0x7F;
    if (is_control && length > 125) return fail(1002);
    const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (!has(2 + extended)) return wait();
    if (extended != 0) {
      length = 0;
      for (std::size_t i = 0; i < extended; ++i) length = length * 256 + byte(2 + i);
    }
    if (extended == 2 && length < 126) return fail(1002);
    if (extended == 8 && (length < 65536 || length > 0x7FFFFFFFFFFFFFFF)) return fail(1002);
    if (!is_control && length > room_left(frame)) return fail(1009);
    if (!has(2 + extended + 4)) return wait();
    read_payload(frame, 2 + extended, length);
    if (is_control) return on_control(frame);
    on_data(frame);
  }

  int first_byte_fault(const Frame& frame) const {
    const int opcode = frame.opcode;
    if ((byte(0) & 0x30) != 0) return 1002;
    if ((opcode >= 3 && opcode <= 7) || opcode >= 11) return 1002;
    if (frame.rsv1 && (limits_.compression == Compression::off || (opcode != 1 && opcode != 2))) return 1002;
    if (opcode >= 8) return frame.fin ? 0 : 1002;
    if ((opcode == 0) != in_message_) return 1002;
    return (in_message_ ? fragments_ : 0) + 1 > limits_.fragments_max ? 1009 : 0;
  }

  bool inflates() const {
    return compressed_ &&
           (limits_.payload == Payload::collect || limits_.message_bytes_max <= kDiscardInflateBytesMax);
  }

  // Written for the small limits of tests: nothing here may overflow.
  std::uint64_t room_left(const Frame& frame) {
    if (!in_message_) {
      message_.clear();
      compressed_ = frame.rsv1;
    }
    const std::uint64_t max = limits_.message_bytes_max;
    return (inflates() ? max + max / 8 + 1024 : max) - message_.size();
  }

  void read_payload(Frame& frame, std::size_t key, std::uint64_t length) {
    const std::size_t begin = key + 4;
    const std::size_t there = input_.size() - at_ - begin;
    frame.is_whole = there >= length;
    const std::size_t taken = frame.is_whole ? static_cast<std::size_t>(length) : there;
    for (std::size_t i = 0; i < taken; ++i) {
      frame.payload += static_cast<char>(byte(begin + i) ^ byte(key + i % 4));
    }
    at_ += begin + taken;
  }

  void on_control(const Frame& frame) {
    if (!frame.is_whole) return wait();
    const std::string& body = frame.payload;
    if (frame.opcode == 9) return reading.events.push_back("ping " + body), void();
    if (frame.opcode == 10) return reading.events.push_back("pong " + body), void();
    over_ = true;
    if (body.empty()) return reading.events.push_back("close -"), void();
    if (body.size() == 1) return fail(1002);
    const int code = static_cast<std::uint8_t>(body[0]) * 256 + static_cast<std::uint8_t>(body[1]);
    if (code < 1000 || code == 1004 || code == 1005 || code == 1006 || (code >= 1015 && code <= 2999) ||
        code >= 5000) {
      return fail(1002);
    }
    if (!carillon::testing::naive_is_valid_utf8(body.substr(2))) return fail(1007);
    reading.events.push_back("close " + std::to_string(code) + " " + body.substr(2));
  }

  void on_data(const Frame& frame) {
    if (frame.opcode != 0) {
      in_message_ = true;
      text_ = frame.opcode == 1;
      fragments_ = 0;
    }
    ++fragments_;
    message_ += frame.payload;
    if (text_ && !compressed_ && !carillon::testing::naive_can_become_utf8(message_)) return fail(1007);
    if (!frame.is_whole) return wait();
    if (frame.fin) on_message();
  }

  void on_message() {
    in_message_ = false;
    const bool inflate = inflates();
    if (inflate) {
      const auto inflated = inflater_.inflate(message_, limits_.message_bytes_max);
      if (!inflated) return fail(inflated.error() == InflateFault::too_big ? 1009 : 1007);
      message_ = *inflated;
    }
    const bool is_readable = !compressed_ || inflate;
    if (text_ && is_readable && !carillon::testing::naive_is_valid_utf8(message_)) return fail(1007);
    std::string event = (text_ ? "text " : "binary ") + std::to_string(message_.size()) + " ";
    reading.events.push_back(limits_.payload == Payload::collect ? event + message_ : event);
  }

  void wait() { over_ = true; }  // the input ends inside a frame

  std::string_view input_;
  ReaderLimits limits_;
  Inflater inflater_;
  std::size_t at_ = 0;
  bool over_ = false;
  bool in_message_ = false, text_ = false, compressed_ = false;
  std::uint64_t fragments_ = 0;
  std::string message_;
};

inline Reading read_naively(std::string_view input, const ReaderLimits& limits = {}) {
  return NaiveFrameReader(input, limits).reading;
}

}  // namespace carillon::websocket::testing
