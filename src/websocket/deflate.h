// permessage-deflate without context takeover (RFC 7692 section 7.2): each message is a separate DEFLATE
// stream, so one Inflater or Deflater serves all connections of a thread, one message after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct z_stream_s;
struct libdeflate_compressor;

namespace carillon::websocket {

// Why a compressed message cannot be inflated.
enum class InflateFault : std::uint8_t {
  corrupt,    // not DEFLATE, or it ends in the middle: close with 1007
  too_big,    // larger than the limit: close with 1009
  no_memory,  // no memory for the result: close with 1013
};

// Thread: one. zlib's state (about 40 KiB) is made at the first message.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Inflates the payload of one compressed message (its frames joined, without the 00 00 ff ff that the
  // sender removed). Stops as soon as the output exceeds `bytes_max`; memory grows with the output, to at
  // most twice its size. The view is valid until the next call on this object. An empty payload, which some
  // senders produce for an empty message, is an empty message.
  Result<std::string_view, InflateFault> inflate(std::string_view compressed, std::uint64_t bytes_max);

  // Frees an output buffer of more than 64 KiB, after a large message. Invalidates the view.
  void trim();

  std::size_t buffered_bytes() const { return output_.capacity(); }  // for accounting, and tests

 private:
  std::unique_ptr<z_stream_s> stream_;
  std::string output_;
};

// Thread: one.
class Deflater {
 public:
  // From 1 (fastest) to 12 (smallest): libdeflate's levels.
  explicit Deflater(int level = 6);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Appends the payload of one compressed message to `out`, to be framed with RSV1 set. The last block has
  // BFINAL set, so an octet 00 follows it (section 7.2.3.4). Returns false, with `out` unchanged, when the
  // result would not be smaller than `message` or there is no memory: then send `message` uncompressed.
  bool try_append_deflated(std::string& out, std::string_view message);

 private:
  libdeflate_compressor* compressor_;
};

}  // namespace carillon::websocket
