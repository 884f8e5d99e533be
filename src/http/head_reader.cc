#include "http/head_reader.h"

#include <algorithm>
#include <utility>

#include "http/characters.h"
#include "http/head_parser.h"
#include "http/target.h"

namespace carillon::http {
namespace {

constexpr std::size_t kMethodBytesMax = 32;
constexpr std::string_view kVersionShape = "HTTP/d.d";  // d: any digit

}  // namespace

HeadReader::Step HeadReader::feed(std::string_view bytes) {
  if (state_ != HeadState::need_more) return {state_, 0};
  const std::size_t before = scanned_;
  const std::size_t room = limits_.head_bytes_max - scanned_;
  const std::string_view taken = bytes.substr(0, room);
  head_.bytes.insert(head_.bytes.end(), taken.begin(), taken.end());
  while (state_ == HeadState::need_more && scanned_ < head_.bytes.size()) {
    // The byte counts as read even where it is the one at fault.
    take(head_.bytes[scanned_]);
    ++scanned_;
    if (phase_ == Phase::end_lf && head_.bytes[scanned_ - 1] == '\n') end_head();
  }
  if (state_ == HeadState::need_more && taken.size() < bytes.size()) {
    if (phase_ <= Phase::request_line_lf) {
      fail(414, "the request line is too long");
    } else {
      fail(431, "the request head is too long");
    }
  }
  return {state_, scanned_ - before};
}

bool HeadReader::fail(int status, std::string_view reason) {
  state_ = HeadState::fault;
  fault_ = {status, reason};
  return false;
}

bool HeadReader::take(char byte) {
  switch (phase_) {
    case Phase::start:
      return begin_request_line(byte);
    case Phase::start_lf:
      if (byte != '\n') return fail(400, "CR without LF");
      empty_line_forgiven_ = true;
      phase_ = Phase::start;
      return true;
    case Phase::method:
    case Phase::target:
    case Phase::version:
      if (byte != '\r' && scanned_ - line_begin_ >= limits_.request_line_bytes_max) {
        return fail(414, "the request line is too long");
      }
      return phase_ == Phase::version ? take_in_version(byte) : take_in_request_line(byte);
    case Phase::request_line_lf:
      if (byte != '\n') return fail(400, "CR without LF");
      return end_request_line();
    case Phase::line_start:
    case Phase::name:
    case Phase::value:
    case Phase::value_lf:
      return take_in_header(byte);
    case Phase::end_lf:
      return byte == '\n' || fail(400, "CR without LF");
  }
  return false;
}

bool HeadReader::begin_request_line(char byte) {
  if (byte == '\r' && !empty_line_forgiven_) {
    phase_ = Phase::start_lf;
    return true;
  }
  if (byte == '\x16') return fail(400, "TLS spoken to a port without it");
  if (!is_token_byte(byte)) return fail(400, "no method at the beginning of the request");
  line_begin_ = scanned_;
  mark_ = scanned_;
  phase_ = Phase::method;
  if (limits_.request_line_bytes_max == 0) return fail(414, "the request line is too long");
  return true;
}

bool HeadReader::take_in_request_line(char byte) {
  if (phase_ == Phase::method) {
    if (byte == ' ') {
      mark_ = scanned_ + 1;
      phase_ = Phase::target;
      return true;
    }
    if (!is_token_byte(byte)) return fail(400, "bad byte in the method");
    return scanned_ - mark_ < kMethodBytesMax || fail(501, "unknown method");
  }
  if (byte == ' ') {
    if (scanned_ == mark_) return fail(400, "the request target is missing");
    mark_ = scanned_ + 1;
    phase_ = Phase::version;
    return true;
  }
  return (byte > 0x20 && byte < 0x7F) || fail(400, "bad byte in the request target");
}

bool HeadReader::take_in_version(char byte) {
  const std::size_t index = scanned_ - mark_;
  if (index == kVersionShape.size()) {
    phase_ = Phase::request_line_lf;
    return byte == '\r' || fail(400, "malformed request line");
  }
  const char wanted = kVersionShape[index];
  return byte == wanted || (wanted == 'd' && is_digit(byte)) || fail(400, "bad HTTP version");
}

// At the LF: the version and the target can be judged.
bool HeadReader::end_request_line() {
  const std::string_view version = since_mark();  // "HTTP/1.1\r"
  if (version[5] != '1' || version[7] > '1') return fail(505, "this server speaks HTTP/1.1");
  const std::string_view line(head_.bytes.data() + line_begin_, mark_ - line_begin_);
  const std::size_t space = line.find(' ');
  auto target = split_target(line.substr(space + 1, line.size() - space - 2));
  if (!target) return fail(target.error().status, target.error().reason);
  head_.path = std::move(target->path);
  phase_ = Phase::line_start;
  return true;
}

bool HeadReader::take_in_header(char byte) {
  switch (phase_) {
    case Phase::line_start:
      phase_ = byte == '\r' ? Phase::end_lf : Phase::name;
      if (byte == '\r') return true;
      if (byte == ' ' || byte == '\t') return fail(400, "folded header line");
      if (!is_token_byte(byte)) return fail(400, "bad byte in a header's name");
      return ++header_count_ <= limits_.headers_max || fail(431, "too many headers");
    case Phase::name:
      if (byte == ':') {
        phase_ = Phase::value;
        return true;
      }
      if (byte == ' ' || byte == '\t') return fail(400, "white space before the colon of a header");
      return is_token_byte(byte) || fail(400, "bad byte in a header's name");
    case Phase::value:
      if (byte == '\r') phase_ = Phase::value_lf;
      return byte == '\r' || is_value_byte(byte) || fail(400, "control character in a header");
    default:
      phase_ = Phase::line_start;
      return byte == '\n' || fail(400, "CR without LF");
  }
}

bool HeadReader::end_head() {
  head_.bytes.resize(scanned_);
  const std::string_view text(head_.bytes.data() + line_begin_, scanned_ - line_begin_);
  head_.headers.reserve(header_count_);
  if (const auto fault = parse_head(text, head_)) return fail(fault->status, fault->reason);
  const auto parts = parts_of(head_.target);  // end_request_line() has judged it
  if (!parts) return fail(400, "malformed request head");
  head_.authority = parts->authority;
  head_.raw_path = parts->path;
  head_.query = parts->query;
  if (const auto fault = judge_head(head_)) return fail(fault->status, fault->reason);
  state_ = HeadState::done;
  return true;
}

RequestHead HeadReader::take_head() {
  RequestHead head = std::move(head_);
  reset();
  return head;
}

void HeadReader::reset() { *this = HeadReader(limits_); }

}  // namespace carillon::http
