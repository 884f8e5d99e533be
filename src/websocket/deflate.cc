#include "websocket/deflate.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "base/soft_allocation.h"

namespace carillon::websocket {
namespace {

constexpr int kRawDeflate32KiB = -15;             // no zlib header, a window of 2^15
constexpr std::size_t kPieceBytesMax = 1u << 30;  // zlib counts in 32 bits
constexpr std::size_t kFirstOutputBytes = 4096;
constexpr std::size_t kIdleOutputBytesMax = 64 * 1024;       // what trim() leaves
constexpr std::string_view kCutTail("\x00\x00\xff\xff", 4);  // section 7.2.2: put back before inflating
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

enum class Ending { inside_block, between_blocks, final_block };

// One message on its way through zlib.
class Inflation {
 public:
  // One byte of room over the limit distinguishes too large from just fitting.
  Inflation(z_stream& stream, std::string& output, std::uint64_t bytes_max)
      : stream_(stream), output_(output), room_max_(bytes_max == kNoLimit ? kNoLimit : bytes_max + 1) {}

  Result<Ending, InflateFault> feed(std::string_view piece) {
    do {
      if (stream_.avail_in == 0) load(piece);
      if (!has_room()) return tl::unexpected(InflateFault::no_memory);
      const int status = inflate_into_room();
      if (status == Z_MEM_ERROR) return tl::unexpected(InflateFault::no_memory);
      if (produced_ == room_max_) return tl::unexpected(InflateFault::too_big);
      if (status == Z_STREAM_END && !rewind(piece)) return Ending::final_block;
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        return tl::unexpected(InflateFault::corrupt);
      }
    } while (stream_.avail_in > 0 || !piece.empty() || stream_.avail_out == 0);
    // zlib's data_type: 128 = between blocks, the low bits = bits of the last byte not yet used.
    const bool between = (stream_.data_type & 128) != 0 && (stream_.data_type & 31) == 0;
    return between ? Ending::between_blocks : Ending::inside_block;
  }

  std::string_view produced() const { return {output_.data(), produced_}; }

 private:
  void load(std::string_view& piece) {
    const std::size_t size = std::min(piece.size(), kPieceBytesMax);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(size);
    piece.remove_prefix(size);
  }

  bool has_room() {
    if (produced_ < output_.size()) return true;
    const std::uint64_t doubled = std::max<std::uint64_t>(kFirstOutputBytes, 2 * std::uint64_t{produced_});
    const auto size = static_cast<std::size_t>(std::min(doubled, room_max_));
    if (!try_reserve(output_, size)) return false;
    output_.resize(size);
    return true;
  }

  int inflate_into_room() {
    const std::uint64_t room_end = std::min<std::uint64_t>(output_.size(), room_max_);
    const std::size_t room = std::min(static_cast<std::size_t>(room_end) - produced_, kPieceBytesMax);
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data() + produced_);
    stream_.avail_out = static_cast<uInt>(room);
    const int status = ::inflate(&stream_, Z_SYNC_FLUSH);
    produced_ += room - stream_.avail_out;
    return status;
  }

  // Section 7.2.3.4: a block with BFINAL may be followed by more blocks. False if nothing follows.
  bool rewind(std::string_view piece) {
    if (stream_.avail_in == 0 && piece.empty()) return false;
    inflateReset(&stream_);
    return true;
  }

  z_stream& stream_;
  std::string& output_;
  const std::uint64_t room_max_;
  std::size_t produced_ = 0;
};

}  // namespace

Inflater::Inflater() = default;

Inflater::~Inflater() {
  if (stream_) inflateEnd(stream_.get());
}

Result<std::string_view, InflateFault> Inflater::inflate(std::string_view compressed,
                                                         std::uint64_t bytes_max) {
  if (compressed.empty()) return std::string_view{};
  if (!stream_) {
    auto stream = std::make_unique<z_stream>();
    // Fails without memory only.
    if (inflateInit2(stream.get(), kRawDeflate32KiB) != Z_OK) return tl::unexpected(InflateFault::no_memory);
    stream_ = std::move(stream);
  } else {
    inflateReset(stream_.get());
  }
  stream_->avail_in = 0;
  Inflation inflation(*stream_, output_, bytes_max);
  auto ending = inflation.feed(compressed);
  const std::size_t without_tail = inflation.produced().size();
  if (ending && *ending != Ending::final_block) ending = inflation.feed(kCutTail);
  if (!ending) return tl::unexpected(ending.error());
  // The tail belongs to an empty block: if it made output, something before it is missing.
  if (*ending == Ending::inside_block || inflation.produced().size() != without_tail) {
    return tl::unexpected(InflateFault::corrupt);
  }
  return inflation.produced();
}

void Inflater::trim() {
  if (output_.capacity() > kIdleOutputBytesMax)
    std::string().swap(output_);  // (assignment may keep the capacity)
}

Deflater::Deflater(int level) : compressor_(libdeflate_alloc_compressor(level)) {
  CARILLON_ASSERT(compressor_ != nullptr);  // a level out of range, or no memory
}

Deflater::~Deflater() { libdeflate_free_compressor(compressor_); }

bool Deflater::try_append_deflated(std::string& out, std::string_view message) {
  if (message.size() < 3) return false;
  const std::size_t begin = out.size();
  const std::size_t room = message.size() - 2;  // one less than the message, and the octet behind it
  if (!try_reserve(out, begin + room + 1)) return false;
  out.resize(begin + room);
  const std::size_t size =
      libdeflate_deflate_compress(compressor_, message.data(), message.size(), out.data() + begin, room);
  if (size == 0) {
    out.resize(begin);
    return false;
  }
  out.resize(begin + size);
  out.push_back('\0');
  return true;
}

}  // namespace carillon::websocket
