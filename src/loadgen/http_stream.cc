#include "loadgen/http_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace carillon::loadgen {
namespace {

constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 40;  // so that a size cannot overflow

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

void read_field(std::string_view line, AnswerHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equal_ignoring_case(name, "content-length")) {
    head.length_known =
        std::from_chars(value.data(), value.data() + value.size(), head.length).ec == std::errc();
  } else if (equal_ignoring_case(name, "transfer-encoding")) {
    head.chunked = equal_ignoring_case(value, "chunked");
  } else if (equal_ignoring_case(name, "connection")) {
    head.closes = equal_ignoring_case(value, "close");
  }
}

}  // namespace

ChunkWalker::Step ChunkWalker::next(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::done && state_ != State::broken) {
    if (state_ == State::data) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      left_ -= taken;
      if (left_ == 0) state_ = State::data_end;
      return {bytes.substr(at, taken), at + taken};
    }
    take(bytes[at++]);
  }
  return {{}, at};
}

void ChunkWalker::take(char byte) {
  switch (state_) {
    case State::size: {
      unsigned digit = 0;
      if (std::from_chars(&byte, &byte + 1, digit, 16).ec == std::errc()) {
        left_ = left_ * 16 + digit;
        size_seen_ = true;
        if (left_ > kChunkBytesMax) state_ = State::broken;
      } else if (!size_seen_) {
        state_ = State::broken;
      } else if (byte == '\n') {
        end_size_line();
      } else {
        state_ = State::extension;
      }
      return;
    }
    case State::extension:
      if (byte == '\n') end_size_line();
      return;
    case State::data_end:
      if (byte == '\n') state_ = State::size;
      return;
    case State::trailer:
      if (byte == '\n' && line_empty_) state_ = State::done;
      line_empty_ = byte == '\n' || (byte == '\r' && line_empty_);
      return;
    case State::data:
    case State::done:
    case State::broken:
      return;
  }
}

void ChunkWalker::end_size_line() {
  state_ = left_ > 0 ? State::data : State::trailer;
  size_seen_ = false;
  line_empty_ = true;
}

AnswerHead read_answer_head(std::string_view head) {
  AnswerHead answer;
  constexpr std::string_view kVersion = "HTTP/1.";
  if (head.size() < 12 || !head.starts_with(kVersion) || head[8] != ' ') return answer;
  if (std::from_chars(head.data() + 9, head.data() + 12, answer.status).ec != std::errc()) return {};
  answer.closes = head[7] == '0';
  std::size_t end = head.find("\r\n");
  while (end != std::string_view::npos) {
    head.remove_prefix(end + 2);
    end = head.find("\r\n");
    read_field(head.substr(0, end), answer);
  }
  return answer;
}

AnswerReader::Count AnswerReader::feed(std::string_view bytes) {
  Count count;
  while (!bytes.empty() && !count.broken) {
    bytes = state_ == State::head ? read_head(bytes, count) : read_body(bytes, count);
  }
  return count;
}

std::string_view AnswerReader::read_head(std::string_view bytes, Count& count) {
  const std::size_t old_size = head_.size();
  head_.append(bytes);
  const std::size_t end = head_.find("\r\n\r\n", old_size < 3 ? 0 : old_size - 3);
  if (end == std::string::npos) {
    count.broken = head_.size() > kHeadBytesMax;
    return {};
  }
  const AnswerHead head = read_answer_head(std::string_view(head_).substr(0, end));
  const std::string_view rest = bytes.substr(end + 4 - old_size);
  head_.clear();
  begin_body(head, count);
  return rest;
}

void AnswerReader::begin_body(const AnswerHead& head, Count& count) {
  if (head.status < 200) {  // 100 Continue has no body and is not the answer; 0 is no HTTP
    count.broken = head.status < 100;
    return;
  }
  if (head.status < 300) {
    ++count.good;
  } else {
    ++count.refused;
    count.last_refusal = head.status;
  }
  count.closes = count.closes || head.closes;
  const bool empty = head.status == 204 || head.status == 304 || (head.length_known && head.length == 0);
  left_ = head.length;
  chunks_ = {};
  if (head.chunked) {
    state_ = State::chunked_body;
  } else if (!empty) {
    state_ = head.length_known ? State::counted_body : State::until_close;
    count.closes = count.closes || !head.length_known;
  }
}

std::string_view AnswerReader::read_body(std::string_view bytes, Count& count) {
  if (state_ == State::until_close) return {};
  if (state_ == State::counted_body) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= taken;
    if (left_ == 0) state_ = State::head;
    return bytes.substr(taken);
  }
  const ChunkWalker::Step step = chunks_.next(bytes);
  if (chunks_.done()) state_ = State::head;
  count.broken = chunks_.broken();
  return bytes.substr(step.consumed);
}

}  // namespace carillon::loadgen
