#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "http/request_head.h"

namespace carillon::http {

// The state of reading a body.
enum class BodyState : std::uint8_t { need_more, done, fault };

// BodyReader: reads one request's body (RFC 9112 section 6), sized or chunked, into memory.
//
// It is strict: chunk sizes are hex digits only, lines end in CRLF. Chunk extensions and trailers are checked
// and ignored. Memory grows with the bytes received, never with the bytes declared; without memory it reports
// a fault (503). Thread: one. Limits: bytes_max for the body (413), 8 hex digits per chunk size, 256 bytes of
// extensions per chunk, 4 KiB of trailers, 8 × bytes_max + 4 KiB of chunk framing (400).
class BodyReader {
 public:
  struct Step {
    BodyState state = BodyState::need_more;
    std::size_t consumed = 0;
  };

  // Check state() first: it may be complete at once (no body) or faulty at once (Content-Length over the
  // limit).
  BodyReader(const RequestHead& head, std::size_t bytes_max);

  // `consumed` never goes beyond the body's end: what follows is the next request.
  Step feed(std::string_view bytes);

  BodyState state() const { return state_; }
  const Fault& fault() const { return fault_; }  // 400, 413 or 503
  const std::string& body() const { return body_; }
  std::size_t held_bytes() const { return body_.capacity(); }  // of memory, for accounting
  std::string take_body() { return std::move(body_); }

 private:
  enum class Phase : std::uint8_t {
    sized,
    size_first,  // the first digit of a chunk's size
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,  // at the beginning of a trailer's line
    trailer_name,
    trailer,  // after its colon
    trailer_lf,
    end_lf
  };

  std::size_t take_data(std::string_view bytes);
  std::size_t room_max() const;
  bool take_size_line(char byte);
  bool take_trailer(char byte);
  bool take_control(char byte);  // false: fault_ has the reason
  bool fail(int status, std::string_view reason);

  BodyState state_ = BodyState::need_more;
  Phase phase_ = Phase::sized;
  std::size_t bytes_max_;
  std::uint64_t remaining_ = 0;  // of the sized body, or of the chunk
  std::size_t digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::uint64_t framing_bytes_ = 0;
  Fault fault_;
  std::string body_;
};

}  // namespace carillon::http
