#include "app/vectors/received.h"

#include <algorithm>
#include <charconv>

#include "http/request_head.h"
#include "websocket/opcode.h"

namespace carillon::app {
namespace {

std::uint64_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

ReceivedFrame::Kind kind_of(std::uint64_t first_byte) {
  using Kind = ReceivedFrame::Kind;
  switch (static_cast<websocket::Opcode>(first_byte & 15)) {
    case websocket::Opcode::text:
      return Kind::text;
    case websocket::Opcode::binary:
      return Kind::binary;
    case websocket::Opcode::ping:
      return Kind::ping;
    case websocket::Opcode::pong:
      return Kind::pong;
    case websocket::Opcode::close:
      return Kind::close;
    default:
      return Kind::other;
  }
}

std::string_view name_of(ReceivedFrame::Kind kind) {
  using Kind = ReceivedFrame::Kind;
  switch (kind) {
    case Kind::text:
      return "text";
    case Kind::binary:
      return "binary";
    case Kind::ping:
      return "ping";
    case Kind::pong:
      return "pong";
    case Kind::close:
      return "close";
    case Kind::end:
      return "the end without a close frame";
    case Kind::other:
      break;
  }
  return "an unknown frame";
}

}  // namespace

std::string ReceivedFrame::shown() const {
  std::string all(name_of(kind));
  if (code) all += " " + std::to_string(*code);
  if (!payload.empty()) all += " " + payload;
  return all;
}

std::optional<ReceivedFrame> take_frame(std::string_view& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  std::uint64_t size = byte_at(bytes, 1) & 127;
  const std::size_t header = size == 126 ? 4 : size == 127 ? 10 : 2;  // RFC 6455 section 5.2
  if (bytes.size() < header) return std::nullopt;
  if (header > 2) {
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size * 256 + byte_at(bytes, i);
  }
  if (bytes.size() - header < size) return std::nullopt;
  ReceivedFrame frame{.kind = kind_of(byte_at(bytes, 0)), .payload = std::string(bytes.substr(header, size))};
  bytes.remove_prefix(header + size);
  if (frame.kind == ReceivedFrame::Kind::close && frame.payload.size() >= 2) {
    frame.code = static_cast<std::uint16_t>(byte_at(frame.payload, 0) * 256 + byte_at(frame.payload, 1));
    frame.payload.erase(0, 2);
  }
  return frame;
}

std::optional<std::string> ReceivedAnswer::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !http::equal_ignoring_case(line.substr(0, colon), name)) continue;
    return std::string(http::trimmed(line.substr(colon + 1)));
  }
  return std::nullopt;
}

ReceivedAnswer parse_answer(std::string_view bytes) {
  ReceivedAnswer answer;
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || !bytes.starts_with(kVersion)) return answer;
  answer.head = bytes.substr(0, end);
  answer.body = bytes.substr(end + 4);
  const char* const status = bytes.data() + kVersion.size();
  std::from_chars(status, bytes.data() + end, answer.status);
  return answer;
}

}  // namespace carillon::app
