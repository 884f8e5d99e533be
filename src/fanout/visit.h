// One gathered write being put together. For the engine's own files.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fanout/fan_out.h"

namespace carillon::fanout {

struct FanOut::Visit {
  // The entries of one log that are in this write, [first, end).
  struct Segment {
    std::uint32_t subscription;
    Cursor first;
    Cursor end;
    std::uint32_t passed_over;  // entries that this subscriber did not select
  };
  std::array<iovec, kPiecesMax> pieces;
  std::array<Segment, kPiecesMax> segments;
  int piece_count = 0;
  int segment_count = 0;
  std::size_t bytes = 0;
  std::size_t outbox_bytes = 0;
  bool more = false;  // a limit was reached before the heads

  void begin_again() {
    piece_count = segment_count = 0;
    bytes = outbox_bytes = 0;
    more = false;
  }

  void add_outbox(const Outbox* outbox) {
    if (!outbox) return;
    piece_count = outbox->gather(pieces.data());
    outbox_bytes = bytes = outbox->size();
  }

  bool add(std::string_view frame) {
    if (bytes > 0 && bytes + frame.size() > kVisitBytesMax) return false;
    if (piece_count > 0) {
      iovec& last = pieces[static_cast<std::size_t>(piece_count - 1)];
      if (static_cast<const char*>(last.iov_base) + last.iov_len == frame.data()) {
        last.iov_len += frame.size();
        bytes += frame.size();
        return true;
      }
    }
    if (piece_count == kPiecesMax) return false;
    pieces[static_cast<std::size_t>(piece_count++)] = {const_cast<char*>(frame.data()), frame.size()};
    bytes += frame.size();
    return true;
  }
};

}  // namespace carillon::fanout
