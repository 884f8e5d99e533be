// What `carillon listen` prints, and how long it waits between two connections.
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random_sequence.h"
#include "base/time.h"

namespace carillon::app {

// How messages are printed.
enum class MessageStyle : std::uint8_t {
  plain,     // time and text
  coloured,  // likewise, for a terminal
  json       // one JSON object
};

// A line, without its end: "21:40:12.345Z {…}", or {"received_at":"…","data":…}. Data that is not JSON is a
// string there, and binary data a member "base64url" instead. Line ends and control characters of the message
// do not get into the line.
std::string message_line(std::string_view message, bool is_binary, WallTime now, MessageStyle style);

// What a close code means to a client of Carillon, as a part of a sentence.
std::string_view meaning_of_close(std::uint16_t code);

// Text of a server for a terminal: control characters are escaped, long texts cut, and `secret` is left out.
std::string shown_text(std::string_view text, std::string_view secret, std::size_t bytes_max);

// RetryDelay: 1 s, 2 s, 4 s … at most 30 s, of which a random half to the whole is waited.
class RetryDelay {
 public:
  static constexpr milliseconds kFirst{1000};
  static constexpr milliseconds kLongest{30'000};

  explicit RetryDelay(std::uint64_t seed) : random_(seed) {}
  milliseconds next();
  // A connection was open for a while: the next wait is the first one again.
  void reset() { ceiling_ = kFirst; }

 private:
  RandomSequence random_;
  milliseconds ceiling_ = kFirst;
};

// "1.4 s".
std::string shown_seconds(milliseconds duration);

}  // namespace carillon::app
