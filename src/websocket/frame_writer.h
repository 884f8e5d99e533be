// Frames out: what a server sends (unmasked), and what a client does (masked; for tests and the load
// generator). RFC 6455 section 5.2. Pure functions, any thread. Lengths are always minimal, frames
// are never fragmented unless Fin::no is passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "websocket/close_code.h"
#include "websocket/mask.h"
#include "websocket/opcode.h"

namespace carillon::websocket {

// RSV1: the payload is a whole message compressed by Deflater (RFC 7692 section 6).
enum class Rsv1 : std::uint8_t { clear, set };

// Whether a frame is the last of its message.
enum class Fin : std::uint8_t { no, yes };

inline constexpr std::size_t kServerHeaderBytesMax = 10;
inline constexpr std::size_t kClientHeaderBytesMax = 14;

constexpr std::size_t server_header_size(std::uint64_t payload_size) {
  return payload_size <= 125 ? 2 : payload_size <= 0xFFFF ? 4 : 10;
}
constexpr std::size_t client_header_size(std::uint64_t payload_size) {
  return server_header_size(payload_size) + sizeof(MaskKey);
}

// Writes the header of a server's frame to `out`, which has room for server_header_size(payload_size)
// (10 always do), and returns its size.
std::size_t write_header(char* out, Opcode opcode, std::uint64_t payload_size, Rsv1 rsv1 = Rsv1::clear,
                         Fin fin = Fin::yes);

// Appends a whole server's frame. A control frame's payload is at most 125 bytes (asserted).
void append_frame(std::string& out, Opcode opcode, std::string_view payload, Rsv1 rsv1 = Rsv1::clear);

// Appends a server's close frame. Without a code it is empty, and the reason is not sent. A code must
// satisfy may_be_received() (asserted: check what comes from settings by may_be_sent()). A reason over
// 123 bytes is cut there, between two characters.
void append_close(std::string& out, std::optional<std::uint16_t> code, std::string_view reason = {});
inline void append_close(std::string& out, CloseCode code, std::string_view reason = {}) {
  append_close(out, number(code), reason);
}

// Appends a client's frame, masked with `key`. Does not check what a client should send: tests
// need the wrong ones too.
void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, MaskKey key,
                         Fin fin = Fin::yes, Rsv1 rsv1 = Rsv1::clear);

}  // namespace carillon::websocket
