// What a test's client makes of the bytes that reached it: whole WebSocket frames, and the beginning of
// one that is still under way. For tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/deflate.h"
#include "websocket/frame_writer.h"

namespace carillon::fanout::testing {

struct ReceivedFrame {
  websocket::Opcode opcode;
  bool compressed;
  std::string payload;  // inflated
  std::size_t size;     // on the wire
};

// The frame at the front of `bytes`, if all of it is there.
inline std::optional<ReceivedFrame> first_frame(std::string_view bytes) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.size() < 2) return std::nullopt;
  std::size_t length = octet(1) & 0x7fU;
  std::size_t header = 2;
  const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (more > 0) {
    if (bytes.size() < header + more) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < more; ++i) length = length << 8 | octet(header + i);
    header += more;
  }
  if (bytes.size() < header + length) return std::nullopt;
  ReceivedFrame frame{websocket::Opcode(octet(0) & 0x0fU), (octet(0) & 0x40U) != 0, {}, header + length};
  const std::string_view payload = bytes.substr(header, length);
  if (!frame.compressed) {
    frame.payload = payload;
    return frame;
  }
  thread_local websocket::Inflater inflater;
  const auto inflated = inflater.inflate(payload, 1 << 24);
  frame.payload = inflated ? std::string(*inflated) : "cannot be inflated";
  return frame;
}

// Payloads of whole frames in order; "…" at the end for one that is not complete. Pings are marked with
// `!`, the close frame with `X`.
inline std::vector<std::string> payloads_in(std::string_view bytes) {
  std::vector<std::string> payloads;
  while (auto frame = first_frame(bytes)) {
    const char* mark = frame->opcode == websocket::Opcode::ping    ? "!"
                       : frame->opcode == websocket::Opcode::close ? "X"
                                                                   : "";
    payloads.push_back(mark + frame->payload);
    bytes.remove_prefix(frame->size);
  }
  if (!bytes.empty()) payloads.push_back("…");
  return payloads;
}

inline std::string ping_frame(std::string_view payload) {
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::ping, payload);
  return frame;
}

inline std::string text_frame(std::string_view payload) {
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::text, payload);
  return frame;
}

}  // namespace carillon::fanout::testing
