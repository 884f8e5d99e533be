#include "bus/redis/resp.h"

#include <hiredis/read.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"

namespace carillon::bus {
namespace {

// hiredis moves what it has not read yet to the front of its buffer after every 1 KiB: small pieces
// keep these moves short.
constexpr std::size_t kPieceBytes = 4 * 1024;
// An empty buffer up to this size is kept for the next piece.
constexpr std::size_t kIdleBufferBytes = 64 * 1024;

}  // namespace

// The reader builds no reply objects: each value goes into `values` as it is parsed, and the reply is
// handed on from inside the parse of its last value, while that value's bytes are still in hiredis's
// buffer. Values before the last are copied, because hiredis may move its buffer between two of them.
struct RespReader::Parser {
  explicit Parser(std::size_t bulk_max)
      : bulk_bytes_max(bulk_max), reader(redisReaderCreateWithFunctions(&functions)) {
    CARILLON_ASSERT(reader != nullptr);
    reader->privdata = this;
    reader->maxbuf = kIdleBufferBytes;
  }
  ~Parser() { redisReaderFree(reader); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Outcome feed(std::string_view bytes);
  std::size_t feed_piece(std::string_view bytes);
  std::size_t pass_over(std::string_view bytes);
  void give(const char* bytes, std::size_t size);
  void check_what_waits();
  void check_bulk(const redisReadTask& task, std::string_view waiting);
  std::size_t limit_of(const redisReadTask& task) const;

  void* add(const redisReadTask* task, RespValue value);
  void* hand_on(RespShape shape, std::size_t count);
  std::string_view keep(std::string_view text);
  void* fail(std::string_view what) {
    if (outcome == Outcome::fed) {
      outcome = Outcome::broken;
      fault = what;
    }
    return nullptr;  // which hiredis takes for a failed allocation, and stops
  }

  static Parser& of(const redisReadTask* task) { return *static_cast<Parser*>(task->privdata); }
  static void* on_string(const redisReadTask* task, char* text, std::size_t size);
  static void* on_array(const redisReadTask* task, int elements);
  static void* on_integer(const redisReadTask* task, long long value);
  static void* on_nil(const redisReadTask* task);
  static void on_free(void*) {}
  static redisReplyObjectFunctions functions;

  const std::size_t bulk_bytes_max;
  redisReader* const reader;
  RespConsumer* consumer = nullptr;
  Outcome outcome = Outcome::fed;
  std::string_view fault;
  std::uint64_t passing_over = 0;  // bytes still to come of a bulk that is too large
  bool nil_is_oversize = false;
  std::array<RespValue, kElementsMax> values;
  std::size_t kept = 0;
  std::array<char, (kElementsMax - 1) * kNameBytesMax> keepsake;
};

redisReplyObjectFunctions RespReader::Parser::functions{on_string, on_array, on_integer, on_nil, on_free};

RespReader::Outcome RespReader::Parser::feed(std::string_view bytes) {
  while (outcome == Outcome::fed && !bytes.empty()) {
    bytes.remove_prefix(passing_over > 0 ? pass_over(bytes) : feed_piece(bytes));
  }
  return outcome;
}

std::size_t RespReader::Parser::feed_piece(std::string_view bytes) {
  const auto size = std::min(bytes.size(), kPieceBytes);
  give(bytes.data(), size);
  if (outcome == Outcome::fed) check_what_waits();
  return size;
}

std::size_t RespReader::Parser::pass_over(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), passing_over));
  passing_over -= size;
  if (passing_over == 0) {
    // The reader still stands before the length of this bulk: it gets a nil in its place.
    nil_is_oversize = true;
    give("-1\r\n", 4);
  }
  return size;
}

void RespReader::Parser::give(const char* bytes, std::size_t size) {
  void* reply = nullptr;
  int status = redisReaderFeed(reader, bytes, size);
  do {
    reply = nullptr;
    if (status == REDIS_OK) status = redisReaderGetReply(reader, &reply);
  } while (status == REDIS_OK && reply != nullptr);
  if (status != REDIS_OK) fail("bytes that are not RESP");
}

// Called when the reader wants more bytes: is what it waits for within bounds?
void RespReader::Parser::check_what_waits() {
  if (reader->ridx < 0) return;
  const std::string_view waiting(reader->buf + reader->pos, reader->len - reader->pos);
  const redisReadTask& task = reader->rstack[reader->ridx];
  if (task.type == REDIS_REPLY_STRING &&
      waiting.substr(0, kLineBytesMax).find("\r\n") != std::string_view::npos) {
    check_bulk(task, waiting);
  } else if (waiting.size() > kLineBytesMax + 1) {  // + 1: its '\r' may be there already
    fail("a line without an end");
  }
}

void RespReader::Parser::check_bulk(const redisReadTask& task, std::string_view waiting) {
  const auto digits = waiting.find("\r\n");
  std::uint64_t size = 0;
  std::from_chars(waiting.data(), waiting.data() + digits, size);  // hiredis has judged its form
  if (size > kBulkBytesBelievable) {
    fail("a bulk string of an implausible length");
    return;
  }
  if (size <= limit_of(task)) return;
  passing_over = digits + 2 + size + 2 - waiting.size();
  reader->pos = reader->len;  // drops its length and what has come of it
}

std::size_t RespReader::Parser::limit_of(const redisReadTask& task) const {
  const bool is_last = task.parent == nullptr || task.idx == task.parent->elements - 1;
  return is_last ? bulk_bytes_max : std::min(kNameBytesMax, bulk_bytes_max);
}

std::string_view RespReader::Parser::keep(std::string_view text) {
  char* const copy = keepsake.data() + kept;
  std::memcpy(copy, text.data(), text.size());  // fits: limit_of() and kElementsMax
  kept += text.size();
  return {copy, text.size()};
}

void* RespReader::Parser::add(const redisReadTask* task, RespValue value) {
  if (task->parent == nullptr) {
    values[0] = value;
    return hand_on(RespShape::scalar, 1);
  }
  const auto index = static_cast<std::size_t>(task->idx);
  const auto count = static_cast<std::size_t>(task->parent->elements);
  values[index] = value;
  if (index + 1 == count) return hand_on(RespShape::array, count);
  if (!value.text.empty()) values[index].text = keep(value.text);
  return this;
}

void* RespReader::Parser::hand_on(RespShape shape, std::size_t count) {
  kept = 0;
  const RespReply reply{shape, std::span(values).first(count)};
  if (consumer->on_reply(reply) == RespConsumer::Next::go_on) return this;
  outcome = Outcome::stopped;
  return nullptr;
}

void* RespReader::Parser::on_string(const redisReadTask* task, char* text, std::size_t size) {
  Parser& parser = of(task);
  if (task->type == REDIS_REPLY_STRING) {
    if (size > parser.limit_of(*task)) return parser.add(task, {RespType::oversize, {}, 0});
    return parser.add(task, {RespType::bulk, {text, size}, 0});
  }
  if (size > kLineBytesMax) return parser.fail("a line without an end");
  const auto type = task->type == REDIS_REPLY_ERROR ? RespType::error : RespType::status;
  const bool is_kept = task->parent != nullptr && task->idx + 1 < task->parent->elements;
  return parser.add(task, {type, {text, is_kept ? std::min(size, kNameBytesMax) : size}, 0});
}

void* RespReader::Parser::on_array(const redisReadTask* task, int elements) {
  Parser& parser = of(task);
  if (task->parent != nullptr) return parser.fail("an array in an array");
  if (static_cast<std::size_t>(elements) > kElementsMax) return parser.fail("an array of too many elements");
  return elements == 0 ? parser.hand_on(RespShape::array, 0) : &parser;
}

void* RespReader::Parser::on_integer(const redisReadTask* task, long long value) {
  return of(task).add(task, {RespType::integer, {}, value});
}

void* RespReader::Parser::on_nil(const redisReadTask* task) {
  Parser& parser = of(task);
  const auto type = parser.nil_is_oversize ? RespType::oversize : RespType::nil;
  parser.nil_is_oversize = false;
  return parser.add(task, {type, {}, 0});
}

RespReader::RespReader(std::size_t bulk_bytes_max) : parser_(std::make_unique<Parser>(bulk_bytes_max)) {}
RespReader::~RespReader() = default;

RespReader::Outcome RespReader::feed(std::string_view bytes, RespConsumer& consumer) {
  parser_->consumer = &consumer;
  return parser_->feed(bytes);
}

std::string_view RespReader::fault() const { return parser_->fault; }

std::size_t RespReader::buffered_bytes() const { return parser_->reader->len - parser_->reader->pos; }

namespace {

void append_number_line(std::string& out, char sign, std::size_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out += sign;
  out.append(digits.data(), end);
  out += "\r\n";
}

void append_bulk(std::string& out, std::string_view bytes) {
  append_number_line(out, '$', bytes.size());
  out += bytes;
  out += "\r\n";
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_number_line(out, '*', arguments.size());
  for (const auto argument : arguments) append_bulk(out, argument);
}

void append_command(std::string& out, std::string_view command, std::span<const std::string> arguments) {
  append_number_line(out, '*', arguments.size() + 1);
  append_bulk(out, command);
  for (const auto& argument : arguments) append_bulk(out, argument);
}

}  // namespace carillon::bus
