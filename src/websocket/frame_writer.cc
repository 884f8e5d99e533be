#include "websocket/frame_writer.h"

#include <cstring>

#include "base/assert.h"

namespace carillon::websocket {
namespace {

void write_big_endian(char* out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(value >> (8 * (size - 1 - i)));
}

// The longest beginning of `reason` that fits a close frame and does not end inside a character.
std::string_view fitting(std::string_view reason) {
  if (reason.size() <= kCloseReasonBytesMax) return reason;
  std::size_t size = kCloseReasonBytesMax;
  while (size > 0 && (static_cast<std::uint8_t>(reason[size]) & 0xC0) == 0x80) --size;
  return reason.substr(0, size);
}

}  // namespace

std::size_t write_header(char* out, Opcode opcode, std::uint64_t payload_size, Rsv1 rsv1, Fin fin) {
  const int first = (fin == Fin::yes ? 0x80 : 0) | (rsv1 == Rsv1::set ? 0x40 : 0) | static_cast<int>(opcode);
  out[0] = static_cast<char>(first);
  const std::size_t size = server_header_size(payload_size);
  if (size == 2) {
    out[1] = static_cast<char>(payload_size);
  } else {
    out[1] = static_cast<char>(size == 4 ? 126 : 127);
    write_big_endian(out + 2, payload_size, size - 2);
  }
  return size;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload, Rsv1 rsv1) {
  CARILLON_ASSERT(!is_control(opcode) || payload.size() <= kControlBytesMax);
  char header[kServerHeaderBytesMax];
  out.append(header, write_header(header, opcode, payload.size(), rsv1));
  out.append(payload);
}

void append_close(std::string& out, std::optional<std::uint16_t> code, std::string_view reason) {
  char header[kServerHeaderBytesMax + 2];
  if (!code) {
    out.append(header, write_header(header, Opcode::close, 0));
    return;
  }
  CARILLON_ASSERT(may_be_received(*code));
  const std::string_view sent = fitting(reason);
  const std::size_t size = write_header(header, Opcode::close, sent.size() + 2);
  write_big_endian(header + size, *code, 2);
  out.append(header, size + 2);
  out.append(sent);
}

void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, MaskKey key, Fin fin,
                         Rsv1 rsv1) {
  char header[kClientHeaderBytesMax];
  const std::size_t size = write_header(header, opcode, payload.size(), rsv1, fin);
  header[1] = static_cast<char>(header[1] | 0x80);
  std::memcpy(header + size, key.data(), key.size());
  out.append(header, size + key.size());
  const std::size_t begin = out.size();
  out.append(payload);
  apply_mask(std::span<char>(out).subspan(begin), key);
}

}  // namespace carillon::websocket
