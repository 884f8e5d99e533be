#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request_head.h"

namespace carillon::http {

// Limits of a request head.
struct HeadLimits {
  std::size_t request_line_bytes_max = 8 * 1024;  // without its CRLF; more is 414
  std::size_t head_bytes_max = 16 * 1024;         // including the empty line; more is 431
  std::size_t headers_max = 64;                   // more are 431
};

// The state of reading a head.
enum class HeadState : std::uint8_t { need_more, done, fault };

// HeadReader: bytes in, a RequestHead or a fault out. It checks each byte as it arrives, so that a hostile
// head is refused at its first bad byte and not at its end.
//
// It is strict where leniency has been used to smuggle requests: CRLF only, no folded lines, no space before
// a colon, one Host (required in HTTP/1.1), one Content-Length of digits, never with a Transfer-Encoding,
// targets in origin-form or absolute-form only. One empty line before the request line is accepted (RFC 9112
// section 2.2).
//
// Thread: one. Views passed in need to be valid during the call only. `consumed` never goes beyond the head's
// end; what follows is the body or the next protocol. Memory grows with the bytes received, up to
// head_bytes_max.
class HeadReader {
 public:
  struct Step {
    HeadState state = HeadState::need_more;
    std::size_t consumed = 0;
  };

  explicit HeadReader(HeadLimits limits = {}) : limits_(limits) {}

  // After `done` or `fault` it reads no more until reset().
  Step feed(std::string_view bytes);

  HeadState state() const { return state_; }
  // Returns true when no byte of the next request has arrived: the connection is idle, not slow.
  bool untouched() const { return head_.bytes.empty(); }
  // 400, 414, 431, 501 (a method of over 32 bytes), 505.
  const Fault& fault() const { return fault_; }
  const RequestHead& head() const { return head_; }
  RequestHead take_head();  // then reset()

  // Prepares for the next request on a kept-alive connection.
  void reset();

 private:
  enum class Phase : std::uint8_t {
    start,     // before the request line
    start_lf,  // after the CR of an empty line before the request
    method,
    target,
    version,
    request_line_lf,
    line_start,  // of a header, or of the empty line
    name,
    value,
    value_lf,
    end_lf
  };

  bool take(char byte);  // false: fault_ has the reason
  bool take_in_request_line(char byte);
  bool take_in_version(char byte);
  bool take_in_header(char byte);
  bool begin_request_line(char byte);
  bool end_request_line();
  bool end_head();
  bool fail(int status, std::string_view reason);
  std::string_view since_mark() const { return {head_.bytes.data() + mark_, scanned_ - mark_}; }

  HeadLimits limits_;
  HeadState state_ = HeadState::need_more;
  Phase phase_ = Phase::start;
  bool empty_line_forgiven_ = false;
  std::size_t scanned_ = 0;     // of head_.bytes
  std::size_t line_begin_ = 0;  // of the request line: 2 after an empty line
  std::size_t mark_ = 0;        // where the current method, target, version or name began
  std::size_t header_count_ = 0;
  Fault fault_;
  RequestHead head_;
};

}  // namespace carillon::http
