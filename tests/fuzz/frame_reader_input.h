// How the frame reader's fuzzers read their input: four bytes of settings, then what the client sends.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "websocket/frame_reader.h"

namespace carillon::websocket {

struct FuzzInput {
  ReaderLimits limits;
  std::uint32_t split_seed = 0;
  std::uint32_t stop_every = 0;
  std::string_view bytes;

  // The size of the next piece to feed, at least 1: mostly small, sometimes all that is left.
  std::size_t next_piece(std::size_t left) {
    split_seed = split_seed * 1664525 + 1013904223;
    const std::uint32_t random = split_seed >> 16;
    const std::size_t size = (random & 3) == 0 ? left : 1 + (random >> 2) % 24;
    return std::min(left, size);
  }
};

inline FuzzInput fuzz_input(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kMessageBytesMax[] = {0, 5, 125, 512, 1000, 65536, 65537, 1 << 20};
  constexpr std::uint32_t kFragmentsMax[] = {1, 2, 5, 1024};
  FuzzInput input;
  if (size < 4) return input;
  input.limits.message_bytes_max = kMessageBytesMax[data[0] & 7];
  input.limits.fragments_max = kFragmentsMax[(data[0] >> 3) & 3];
  input.limits.payload = (data[0] & 0x20) != 0 ? Payload::discard : Payload::collect;
  input.limits.compression = (data[0] & 0x40) != 0 ? Compression::negotiated : Compression::off;
  input.stop_every = data[1] & 3;
  input.split_seed = static_cast<std::uint32_t>(data[2] << 8 | data[3]);
  input.bytes = {reinterpret_cast<const char*>(data + 4), size - 4};
  return input;
}

}  // namespace carillon::websocket
