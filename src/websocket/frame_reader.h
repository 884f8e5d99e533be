#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "websocket/close_code.h"
#include "websocket/mask.h"
#include "websocket/opcode.h"

namespace carillon::websocket {

class Inflater;

// Whether messages are collected or discarded.
enum class Payload : std::uint8_t {
  collect,  // messages are delivered
  discard,  // bytes are dropped as they arrive, in constant memory; only the size is delivered
};

// Whether permessage-deflate was negotiated.
enum class Compression : std::uint8_t {
  off,         // RSV1 is a protocol error
  negotiated,  // permessage-deflate was answered in the handshake: feed() needs an Inflater
};

// The limits of a reader; the same for every feed() of a connection.
struct ReaderLimits {
  // The most bytes of a message after inflating. Compressed bytes may exceed it by an eighth and 1 KiB.
  std::uint64_t message_bytes_max = 64 * 1024;
  // The most frames of one message, without control frames between them. At least 1.
  std::uint32_t fragments_max = 1024;
  // The most frames of any kind that one feed() reads; it stops before the next one. At least 1.
  std::uint32_t frames_per_feed_max = 0xffffffff;
  Payload payload = Payload::collect;
  Compression compression = Compression::off;
};

// With Payload::discard, compressed messages are inflated (to be measured and checked like others)
// only if the limit is no larger than this; above it their size is that of the compressed bytes.
inline constexpr std::uint64_t kDiscardInflateBytesMax = 64 * 1024;

// Whether reading goes on after a callback.
enum class Next : std::uint8_t { go_on, stop };

// Called from inside feed(). Views are valid during the call only. A handler must not destroy or feed the
// reader; to stop reading it returns Next::stop.
class MessageHandler {
 public:
  // `opcode` is text (its payload is valid UTF-8) or binary. With Payload::discard `payload` is
  // empty; `size_bytes` is the size of the message in either case.
  virtual Next on_message(Opcode opcode, std::string_view payload, std::uint64_t size_bytes) = 0;
  virtual Next on_ping(std::string_view payload) = 0;  // to be answered with the same payload
  virtual Next on_pong(std::string_view payload) = 0;
  // The last call: reading has ended. Without a code the frame was empty (1005 is only an API's name for that
  // and must not be sent). The code may be echoed; the reason is valid UTF-8.
  virtual void on_close(std::optional<std::uint16_t> code, std::string_view reason) = 0;

 protected:
  ~MessageHandler() = default;
};

// A protocol violation of the peer: the close to send. `reason` is a literal of at most 123 bytes.
struct ReadFault {
  CloseCode code = CloseCode::normal;
  std::string_view reason;
  std::uint64_t message_bytes = 0;  // of a message over message_bytes_max: its size as far as it is declared
};

struct [[nodiscard]] ReadResult {
  enum class Status : std::uint8_t {
    ok,       // all bytes were read
    stopped,  // the handler returned stop, or frames_per_feed_max is reached: `consumed` bytes were read, the
              // rest is as it came, and may be fed later or dropped
    closed,   // a close frame was delivered; everything after it is ignored
    fault,    // see `fault`; the reader must not be fed again
  };
  Status status = Status::ok;
  std::size_t consumed = 0;  // of the fed bytes, up to the end of the last frame or piece that was read
  ReadFault fault;

  bool ok() const { return status == Status::ok; }
};

// FrameReader: the bytes of one client, in; its messages and control frames, out. Server side of
// RFC 6455 section 5 with the per-message deflate of RFC 7692. No I/O, no clock.
//
// Thread: any one at a time; it belongs to its connection. Between complete messages it holds no
// state (at_rest()), so a connection needs none then: construct one, feed it the shared receive
// buffer, and keep it (by move) only if it is not at rest.
//
// Bounds: a message by ReaderLimits, judged from the frame header before any payload arrives; a
// control frame by 125 bytes. Memory grows with the bytes received (doubling, so at most twice
// them), never with a length declared. A message that is whole in the fed span is not copied.
//
// Errors: whatever the peer can do wrong ends in a ReadFault with the close code to send; so does a
// message for which there is no memory (1013). Nothing here throws.
class FrameReader {
 public:
  FrameReader() = default;
  FrameReader(FrameReader&&) noexcept = default;  // what was moved from may only be destroyed or assigned
  FrameReader& operator=(FrameReader&&) noexcept = default;

  // Reads on. Payloads are unmasked in place, each byte once, and only up to `consumed`.
  // `inflater` is needed with Compression::negotiated only; it may serve any number of readers of
  // the same thread.
  ReadResult feed(std::span<char> bytes, const ReaderLimits& limits, MessageHandler& handler,
                  Inflater* inflater = nullptr);

  // True between complete messages, and once reading has ended (closed or fault; that it has ended
  // is for the connection to remember). Then the reader need not be kept.
  bool at_rest() const { return ended_ || (header_size_ == 0 && !in_message_); }

  // Heap bytes held now, for accounting.
  std::size_t buffered_bytes() const { return buffer_.capacity(); }

 private:
  enum class Header : std::uint8_t { incomplete, complete, faulty };

  ReadResult step(std::span<char> bytes, const ReaderLimits& limits, MessageHandler& handler,
                  Inflater* inflater);
  ReadResult read_header(std::span<char> bytes, const ReaderLimits& limits);
  Header judge_header(std::size_t have, const ReaderLimits& limits, ReadFault& fault) const;
  std::optional<ReadFault> first_byte_fault(const ReaderLimits& limits) const;
  void begin_frame();
  ReadResult read_data(std::span<char> chunk, const ReaderLimits& limits, MessageHandler& handler,
                       Inflater* inflater);
  ReadResult finish_message(std::string_view payload, const ReaderLimits& limits, MessageHandler& handler,
                            Inflater* inflater);
  ReadResult read_control(std::span<char> chunk, MessageHandler& handler);
  ReadResult finish_control(std::string_view payload, MessageHandler& handler);
  ReadResult finish_close(std::string_view payload, MessageHandler& handler);

  [[nodiscard]] bool try_keep(std::span<char> chunk);
  void end_frame();
  Opcode opcode() const { return static_cast<Opcode>(header_[0] & 0x0F); }
  bool is_final() const { return (header_[0] & 0x80) != 0; }

  // The message's bytes so far, where they must be kept; a control frame cut in two is kept behind them.
  std::vector<char> buffer_;
  std::uint64_t remaining_ = 0;     // payload bytes of the current frame still to come
  std::uint64_t message_size_ = 0;  // payload bytes of the current message so far
  std::uint32_t fragments_ = 0;     // frames of the current message so far
  Utf8Validator utf8_;
  // The current frame's header as it came: FIN and opcode are looked up in it, and its mask key
  // (the last four bytes) is turned to where the payload stands.
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_size_ = 0;
  bool header_done_ : 1 = false;
  bool in_message_ : 1 = false;
  bool is_text_ : 1 = false;
  bool is_compressed_ : 1 = false;
  bool ended_ : 1 = false;
};

}  // namespace carillon::websocket
