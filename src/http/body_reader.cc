#include "http/body_reader.h"

#include <algorithm>

#include "base/soft_allocation.h"
#include "http/characters.h"

namespace carillon::http {
namespace {

constexpr std::size_t kChunkSizeDigitsMax = 8;
constexpr std::size_t kExtensionBytesMax = 256;  // a chunk
constexpr std::size_t kTrailerBytesMax = 4096;
constexpr std::uint64_t kWireFactor = 8;  // a body in chunks of one byte takes six bytes each

}  // namespace

BodyReader::BodyReader(const RequestHead& head, std::size_t bytes_max) : bytes_max_(bytes_max) {
  if (head.body == BodyKind::chunked) {
    phase_ = Phase::size_first;
    return;
  }
  remaining_ = head.content_length.value_or(0);
  if (remaining_ == 0) {
    state_ = BodyState::done;
  } else if (remaining_ > bytes_max) {
    fail(413, "the body is too large");
  }
}

bool BodyReader::fail(int status, std::string_view reason) {
  state_ = BodyState::fault;
  fault_ = {status, reason};
  return false;
}

BodyReader::Step BodyReader::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (state_ == BodyState::need_more && at < bytes.size()) {
    if (phase_ == Phase::sized || phase_ == Phase::data) {
      at += take_data(bytes.substr(at));
      continue;
    }
    take_control(bytes[at]);
    ++at;
    if (state_ == BodyState::need_more && ++framing_bytes_ > kWireFactor * bytes_max_ + kTrailerBytesMax) {
      fail(400, "too many chunks");
    }
  }
  return {state_, at};
}

std::size_t BodyReader::take_data(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
  if (!try_append(body_, bytes.substr(0, size), room_max())) {
    std::string().swap(body_);  // what has arrived is freed at once
    fail(503, "no memory for the body");
    return size;
  }
  remaining_ -= size;
  if (remaining_ == 0) {
    if (phase_ == Phase::sized) {
      state_ = BodyState::done;
    } else {
      phase_ = Phase::data_cr;
    }
  }
  return size;
}

// How large the body can become: doubling its memory beyond that would be a waste.
std::size_t BodyReader::room_max() const {
  if (phase_ != Phase::sized) return bytes_max_;
  return static_cast<std::size_t>(body_.size() + remaining_);
}

bool BodyReader::take_control(char byte) {
  switch (phase_) {
    case Phase::size_first:
    case Phase::size:
    case Phase::extension:
    case Phase::size_lf:
      return take_size_line(byte);
    case Phase::data_cr:
      phase_ = Phase::data_lf;
      return byte == '\r' || fail(400, "no CRLF behind a chunk");
    case Phase::data_lf:
      phase_ = Phase::size_first;
      return byte == '\n' || fail(400, "no CRLF behind a chunk");
    case Phase::sized:
    case Phase::data:
      return false;  // take_data()'s
    case Phase::trailer_start:
    case Phase::trailer_name:
    case Phase::trailer:
    case Phase::trailer_lf:
    case Phase::end_lf:
      break;
  }
  return take_trailer(byte);
}

bool BodyReader::take_size_line(char byte) {
  if (phase_ == Phase::size_lf) {
    if (byte != '\n') return fail(400, "CR without LF");
    phase_ = remaining_ == 0 ? Phase::trailer_start : Phase::data;
    if (remaining_ <= bytes_max_ - body_.size()) return true;
    return fail(413, "the body is too large");
  }
  if (phase_ == Phase::extension) {
    if (byte == '\r') {
      phase_ = Phase::size_lf;
      return true;
    }
    if (!is_value_byte(byte)) return fail(400, "control character in a chunk extension");
    return ++extension_bytes_ <= kExtensionBytesMax || fail(400, "too long a chunk extension");
  }
  if (phase_ == Phase::size_first) {
    remaining_ = 0;
    digits_ = 0;
    extension_bytes_ = 0;
  }
  const int digit = hex_value(byte);
  if (digit >= 0) {
    phase_ = Phase::size;
    remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
    return ++digits_ <= kChunkSizeDigitsMax || fail(400, "too long a chunk size");
  }
  if (phase_ == Phase::size_first) return fail(400, "bad chunk size");
  phase_ = byte == '\r' ? Phase::size_lf : Phase::extension;
  return byte == '\r' || byte == ';' || fail(400, "bad chunk size");
}

bool BodyReader::take_trailer(char byte) {
  if (++trailer_bytes_ > kTrailerBytesMax) return fail(400, "too long trailers");
  switch (phase_) {
    case Phase::trailer_start:
      if (byte == '\r') {
        phase_ = Phase::end_lf;
        return true;
      }
      phase_ = Phase::trailer_name;
      return is_token_byte(byte) || fail(400, "bad byte in a trailer");
    case Phase::trailer_name:  // a line without a colon may be the next request's, behind a broken end
      if (byte == ':') phase_ = Phase::trailer;
      return byte == ':' || is_token_byte(byte) || fail(400, "a trailer line that is no header field");
    case Phase::trailer:
      if (byte == '\r') phase_ = Phase::trailer_lf;
      return byte == '\r' || is_value_byte(byte) || fail(400, "control character in a trailer");
    case Phase::trailer_lf:
      phase_ = Phase::trailer_start;
      return byte == '\n' || fail(400, "CR without LF");
    default:
      if (byte != '\n') return fail(400, "CR without LF");
      state_ = BodyState::done;
      return true;
  }
}

}  // namespace carillon::http
