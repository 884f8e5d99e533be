// AnswerQueue: the answers that one HTTP connection is owed, in the order of its requests.
//
// A client may send its next request before it has the answer to the last one (pipelining, RFC 9112 section
// 9.3.2). Up to `requests_max` of its requests are worked on at a time, begun in the order they came; an
// answer that is ready early waits here for those before it. When the queue is full the shard stops reading
// the connection until an answer has left.
//
// Pure: fed the time. Thread: the shard's.
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
  // Request bodies whose answers are awaited and answers that wait, together: beyond it the queue is full.
  static constexpr std::size_t kBytesMax = 256 * 1024;

  struct Request {
    std::uint32_t number = 0;
    http::BodyOut body = http::BodyOut::send;
    http::KeepAlive keep_alive = http::KeepAlive::keep;
    std::size_t body_bytes = 0;
    MonoTime due{};    // without an answer by then it is answered 504
    std::string path;  // for the log, as is
    IpAddress client;
  };
  enum class Last : std::uint8_t { no, yes };
  struct Ready {
    std::string bytes;
    Last last = Last::no;  // it says `Connection: close`
  };

  bool empty() const { return slots_.empty(); }
  std::size_t size() const { return slots_.size(); }
  bool is_full(std::size_t requests_max) const {
    return slots_.size() >= requests_max || bytes_ >= kBytesMax;
  }

  // `body`: what the request's body holds of the budget, until it is answered.
  void begin(const Request& request, BodyShare body = {});
  // The request, when it waits for its answer; null when it has one, or is gone. Valid until the next change.
  const Request* awaited(std::uint32_t number) const;
  // Of a request that is awaited.
  void answer(std::uint32_t number, http::Response response);
  // The client has shut its side: no request follows, and the last answer says `Connection: close`.
  void end_after_these() {
    ended_ = true;
    ready_.reset();
  }
  bool has_ended() const { return ended_; }
  // A request or an answer ends the connection: no more requests are read.
  bool closes() const { return closes_ || ended_; }

  // The next answer to send, rendered; null while it is not there. Valid until pop().
  const Ready* ready(ResponseWriter& writer, WallTime now);
  void pop();
  // The oldest request, when it still waits for its answer.
  std::optional<Request> waiting() const;

 private:
  struct Slot {
    Request request;
    BodyShare body;
    std::optional<http::Response> response;
  };

  std::vector<Slot> slots_;
  std::optional<Ready> ready_;  // of the first slot, once it has been asked for
  std::size_t bytes_ = 0;
  bool ended_ = false;
  bool closes_ = false;
};

}  // namespace carillon::client
