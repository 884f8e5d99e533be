// RESP2, the wire format of Redis: replies in (hiredis's reader does the parsing), commands out.
//
// Pure: bytes in, replies out. One thread. A reply of Redis is a scalar, or an array of a few
// scalars; everything else is a fault of the peer's, and the reader is spent after it:
//   * an array in an array, or of more than kElementsMax elements
//   * a line (status, error, integer, length) of more than kLineBytesMax bytes
//   * a bulk that claims more than kBulkBytesBelievable
// A bulk over its limit (`bulk_bytes_max` for a scalar and for an array's last element, kNameBytesMax
// for those before it) is passed over as it arrives, never held, and shows as RespType::oversize.
// Memory: grows with what has arrived of one bulk within its limit, never with what was declared.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace carillon::bus {

inline constexpr std::size_t kElementsMax = 8;
inline constexpr std::size_t kLineBytesMax = 8 * 1024;
inline constexpr std::size_t kNameBytesMax = 4 * 1024;
inline constexpr std::uint64_t kBulkBytesBelievable = std::uint64_t{1} << 30U;  // Redis's own cap is 512 MiB

// The type of a RESP value.
enum class RespType : std::uint8_t { status, error, integer, bulk, nil, oversize };

// One scalar of a reply.
struct RespValue {
  RespType type = RespType::nil;
  std::string_view text;  // of a status, an error, a bulk
  std::int64_t integer = 0;
};

// Whether a reply is a scalar or an array.
enum class RespShape : std::uint8_t { scalar, array };

// One complete reply of the server.
struct RespReply {
  RespShape shape = RespShape::scalar;
  std::span<const RespValue> values;  // exactly one for a scalar
};

// Receives the replies that a RespReader parses.
class RespConsumer {
 public:
  enum class Next { go_on, stop };
  // The views live for the call. It may not feed or destroy the reader, and may not throw: C code of
  // hiredis is on the stack. `stop` ends the feed at once.
  virtual Next on_reply(const RespReply& reply) = 0;

 protected:
  ~RespConsumer() = default;
};

// Parses the bytes of one connection into replies.
class RespReader {
 public:
  enum class Outcome {
    fed,      // all of it, give more
    stopped,  // the consumer asked to stop
    broken    // see fault()
  };

  explicit RespReader(std::size_t bulk_bytes_max);
  ~RespReader();
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;

  // After any result but `fed` the reader cannot be used again: every further feed() returns the same.
  Outcome feed(std::string_view bytes, RespConsumer& consumer);
  std::string_view fault() const;      // what the peer did wrong; empty unless broken
  std::size_t buffered_bytes() const;  // held for a reply that is not whole yet

 private:
  struct Parser;
  const std::unique_ptr<Parser> parser_;
};

// Appends an array of bulks, the only form in which commands are sent: nothing in an argument can end it.
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);
void append_command(std::string& out, std::string_view command, std::span<const std::string> arguments);

}  // namespace carillon::bus
