// AnswerQueue: the requests in progress of one HTTP connection, and their answers in the order of the
// requests.
//
// A client may send its next request before it has received the last answer (pipelining, RFC 9112 section
// 9.3.2). Up to `requests_max` of its requests are in progress at a time. An answer that is ready early waits
// here for the answers before it. While the queue is full the shard does not read the connection.
//
// Pure: the caller passes in the time. Thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "client/body_budget.h"
#include "client/response_writer.h"
#include "http/response.h"

namespace carillon::client {

class AnswerQueue {
 public:
  // Maximum bytes of unanswered request bodies and of waiting answers together; with more the queue is full.
  static constexpr std::size_t kBytesMax = 256 * 1024;

  struct Request {
    std::uint32_t number = 0;
    http::BodyOut body = http::BodyOut::send;
    http::KeepAlive keep_alive = http::KeepAlive::keep;
    std::size_t body_bytes = 0;
    MonoTime due{};    // answered 504 when there is no answer by then
    std::string path;  // for the log, as is
    IpAddress client;
  };
  enum class Last : std::uint8_t { no, yes };
  struct Ready {
    std::string bytes;
    Last last = Last::no;  // it has `Connection: close`
  };

  bool empty() const { return slots_.empty(); }
  std::size_t size() const { return slots_.size(); }
  bool is_full(std::size_t requests_max) const {
    return slots_.size() >= requests_max || bytes_ >= kBytesMax;
  }

  // Adds a request. `body` is its share of the budget for bodies, held until it is answered.
  void begin(const Request& request, BodyShare body = {});
  // Returns the request while it waits for its answer; null when it has one, or is unknown. Valid until the
  // next change.
  const Request* awaited(std::uint32_t number) const;
  // Sets the answer of an awaited request.
  void answer(std::uint32_t number, http::Response response);
  // The client has shut its side: no request follows, and the last answer gets `Connection: close`.
  void end_after_these() {
    ended_ = true;
    ready_.reset();
  }
  bool has_ended() const { return ended_; }
  // Whether the connection closes after these answers, so that no more requests are read.
  bool closes() const { return closes_ || ended_; }

  // Returns the next answer to send, rendered; null while it is not ready. Valid until pop().
  const Ready* ready(ResponseWriter& writer, WallTime now);
  void pop();
  // Returns the oldest request while it waits for its answer.
  std::optional<Request> waiting() const;

 private:
  struct Slot {
    Request request;
    BodyShare body;
    std::optional<http::Response> response;
  };

  std::vector<Slot> slots_;
  std::optional<Ready> ready_;  // the first slot's answer, once ready() has rendered it
  std::size_t bytes_ = 0;
  bool ended_ = false;
  bool closes_ = false;
};

}  // namespace carillon::client
