// Parses what a server sends: heads and bodies of answers, and frames as texts that tests can compare.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::client::testing {

struct Answer {
  std::string head;  // with its empty line
  std::string body;  // everything after the head
};

inline Answer split_answer(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return {std::string(bytes), {}};
  return {std::string(bytes.substr(0, end + 4)), std::string(bytes.substr(end + 4))};
}

// A frame as text: "text hello", "ping", "pong x", "close 1008 Slow consumer", "close".
inline std::string words_of(unsigned opcode, std::string_view payload) {
  const std::string rest = payload.empty() ? "" : " " + std::string(payload);
  switch (opcode) {
    case 1:
      return "text" + rest;
    case 2:
      return "binary" + rest;
    case 9:
      return "ping" + rest;
    case 10:
      return "pong" + rest;
    case 8:
      break;
    default:
      return "opcode " + std::to_string(opcode);
  }
  if (payload.size() < 2) return "close" + rest;
  const auto high = static_cast<unsigned char>(payload[0]);
  const auto low = static_cast<unsigned char>(payload[1]);
  const std::string reason = payload.size() > 2 ? " " + std::string(payload.substr(2)) : "";
  return "close " + std::to_string(high * 256 + low) + reason;
}

// Only whole frames. When N bytes are left over, the list ends with "rest N".
inline std::vector<std::string> frames_of(std::string_view bytes) {
  std::vector<std::string> frames;
  while (bytes.size() >= 2) {
    const auto at = [&](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
    };
    std::uint64_t size = at(1);  // a server does not mask
    std::size_t header = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (bytes.size() < header) break;
    if (header > 2) {
      size = 0;
      for (std::size_t i = 2; i < header; ++i) size = size * 256 + at(i);
    }
    if (bytes.size() - header < size) break;
    frames.push_back(words_of(at(0) & 15, bytes.substr(header, size)));
    bytes.remove_prefix(header + size);
  }
  if (!bytes.empty()) frames.push_back("rest " + std::to_string(bytes.size()));
  return frames;
}

}  // namespace carillon::client::testing
