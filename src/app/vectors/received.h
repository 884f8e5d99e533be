// Parses what a gateway sends to a client: the answer to a request, and then frames.
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace carillon::app {

// A frame as a client has received it, or the end of its connection.
struct ReceivedFrame {
  enum class Kind : std::uint8_t { text, binary, ping, pong, close, end, other };
  Kind kind = Kind::other;
  std::string payload = {};                // of a close: the reason
  std::optional<std::uint16_t> code = {};  // of a close
  WallTime at = {};                        // when it was sent

  // For people: "text {…}", "close 1008 slow", "the end without a close frame".
  std::string shown() const;
};

// Takes the first whole frame from the front of `bytes`; nothing when none is whole yet. Reads what servers
// send: unmasked, not compressed.
std::optional<ReceivedFrame> take_frame(std::string_view& bytes);

// The answer to a request, without its head's last line.
struct ReceivedAnswer {
  int status = 0;  // 0: no answer came
  std::string head;
  std::string body;  // everything after the head

  // The value of the first header with this name.
  std::optional<std::string> header(std::string_view name) const;
};
ReceivedAnswer parse_answer(std::string_view bytes);

}  // namespace carillon::app
