// Reads a server's HTTP/1.1 responses (RFC 9112) as far as a load generator needs them: decodes the chunks of
// a stream, and counts the responses of a pipelined connection.
//
// Pure. Thread: one. Heads are bounded (kHeadBytesMax); bodies are skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace carillon::loadgen {

// Removes the chunked transfer coding (section 7.1) and leaves the data.
class ChunkWalker {
 public:
  struct Step {
    std::string_view data;     // may be empty
    std::size_t consumed = 0;  // of the bytes given
  };
  // Consumes bytes up to and including the next piece of data. Call it until everything is consumed or
  // done().
  Step next(std::string_view bytes);
  bool done() const { return state_ == State::done; }  // after the last chunk and its trailers
  bool broken() const { return state_ == State::broken; }

 private:
  enum class State : std::uint8_t { size, extension, data, data_end, trailer, done, broken };
  void take(char byte);
  void end_size_line();

  State state_ = State::size;
  std::uint64_t left_ = 0;
  bool size_seen_ = false;
  bool line_empty_ = true;
};

// The parts of a response's head that a load generator needs.
struct AnswerHead {
  int status = 0;  // 0: this is not HTTP
  bool chunked = false;
  bool closes = false;  // "Connection: close"
  bool length_known = false;
  std::uint64_t length = 0;
};
// Parses a head with or without the empty line after it.
AnswerHead read_answer_head(std::string_view head);

// Counts the responses to pipelined requests.
class AnswerReader {
 public:
  static constexpr std::size_t kHeadBytesMax = 32 * 1024;

  struct Count {
    std::uint64_t good = 0;     // 2xx
    std::uint64_t refused = 0;  // all other final ones
    int last_refusal = 0;       // its status
    bool closes = false;        // no further answer will come on this connection
    bool broken = false;        // not HTTP, or beyond the limits; nothing more can be read
  };
  Count feed(std::string_view bytes);

 private:
  enum class State : std::uint8_t { head, counted_body, chunked_body, until_close };
  std::string_view read_head(std::string_view bytes, Count& count);
  std::string_view read_body(std::string_view bytes, Count& count);
  void begin_body(const AnswerHead& head, Count& count);

  State state_ = State::head;
  std::string head_;
  std::uint64_t left_ = 0;
  ChunkWalker chunks_;
};

}  // namespace carillon::loadgen
