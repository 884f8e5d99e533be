// Opcodes and limits of WebSocket frames (RFC 6455 section 5.2). The values are those on the wire.
#pragma once

#include <cstdint>

namespace carillon::websocket {

// The opcode of a frame.
enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA
};

constexpr bool is_known(std::uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA); }
constexpr bool is_control(std::uint8_t opcode) { return (opcode & 0x8) != 0; }
constexpr bool is_control(Opcode opcode) { return is_control(static_cast<std::uint8_t>(opcode)); }

// Payload of a control frame (RFC 6455 section 5.5).
inline constexpr std::uint32_t kControlBytesMax = 125;
// Reason of a close frame: a control payload less its two bytes of code (section 5.5.1).
inline constexpr std::uint32_t kCloseReasonBytesMax = kControlBytesMax - 2;

}  // namespace carillon::websocket
