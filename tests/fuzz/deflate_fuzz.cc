// Inflater: any bytes under a small cap, checked against zlib with all the room it wants. Deflater: any
// message comes back as it was.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "websocket/deflate.h"

namespace carillon::websocket {
namespace {

constexpr std::size_t kPlentyBytes = 8 * 1024 * 1024;

// The payload and its tail through zlib in one go; nothing: corrupt, or more than plenty. Only the
// output is judged, not how the stream ends.
std::optional<std::string> inflated_plainly(std::string_view compressed) {
  std::string input(compressed);
  input.append("\x00\x00\xff\xff", 4);
  static std::string output(kPlentyBytes, '\0');
  z_stream stream{};
  CARILLON_ASSERT(inflateInit2(&stream, -15) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  int status = Z_OK;
  while (stream.avail_in > 0 && stream.avail_out > 0) {
    status = ::inflate(&stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END && stream.avail_in > 0) {
      const auto out = stream.next_out;
      inflateReset(&stream);
      stream.next_out = out;
      continue;
    }
    if (status != Z_OK) break;
  }
  const std::size_t produced = output.size() - stream.avail_out;
  inflateEnd(&stream);
  if (stream.avail_out == 0 || (status != Z_OK && status != Z_STREAM_END)) return std::nullopt;
  return output.substr(0, produced);
}

void check_inflater(std::string_view compressed, std::uint64_t bytes_max) {
  static Inflater inflater;
  const auto inflated = inflater.inflate(compressed, bytes_max);
  CARILLON_ASSERT(inflater.buffered_bytes() <= 3 * 65537);
  if (!inflated) return;
  CARILLON_ASSERT(inflated->size() <= bytes_max);
  const auto plainly = inflated_plainly(compressed);
  CARILLON_ASSERT(!compressed.empty() ? !plainly || *plainly == *inflated : inflated->empty());
}

void check_round_trip(std::string_view message) {
  static Deflater deflater;
  static Inflater inflater;
  std::string deflated;
  if (!deflater.try_append_deflated(deflated, message)) {
    CARILLON_ASSERT(deflated.empty());
    return;
  }
  CARILLON_ASSERT(deflated.size() < message.size());
  const auto inflated = inflater.inflate(deflated, message.size());
  CARILLON_ASSERT(inflated && *inflated == message);
  const auto capped = inflater.inflate(deflated, message.size() - 1);
  CARILLON_ASSERT(!capped && capped.error() == InflateFault::too_big);
  const auto plainly = inflated_plainly(deflated);
  CARILLON_ASSERT(plainly && *plainly == message);
}

}  // namespace
}  // namespace carillon::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::uint64_t kCaps[] = {0, 1, 100, 4095, 4096, 4097, 65535, 65536};
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  carillon::websocket::check_inflater(bytes, kCaps[data[0] & 7]);
  carillon::websocket::check_round_trip(bytes);
  return 0;
}
