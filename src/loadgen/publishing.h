#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/http_stream.h"
#include "loadgen/text_template.h"

namespace carillon::loadgen {

// One event to publish.
struct OutgoingEvent {
  std::string channel;
  std::string data;  // JSON
};

// What the server answered to published events.
struct Answers {
  std::uint64_t good = 0;     // requests that were accepted
  std::uint64_t refused = 0;  // requests that were refused
  std::string refusal;        // the last refusal, in words
  bool closes = false;        // the server will close and send no further response
  bool broken = false;        // the bytes are not this protocol
};

// PublishProtocol: encodes events for the server and reads its responses. Bytes in, bytes out; the Publisher
// owns the socket (loadgen/publisher.h).
//
// Pure. Thread: one.
class PublishProtocol {
 public:
  virtual ~PublishProtocol() = default;
  // Appends one request for 1 to events_a_request_max() events.
  virtual void append_request(std::string& out, std::span<const OutgoingEvent> events) = 0;
  virtual Answers read_answers(std::string_view bytes) = 0;
  // Discards a partial response, because a new connection begins.
  virtual void reset() = 0;
  virtual std::size_t events_a_request_max() const = 0;
  // The most unanswered requests at a time.
  virtual std::size_t requests_max() const = 0;
  // Whether requests without a response may be sent again after the server has closed.
  virtual bool may_reconnect() const = 0;
};

// PUBLISH to Redis (RESP 2), pipelined.
class RedisProtocol final : public PublishProtocol {
 public:
  void append_request(std::string& out, std::span<const OutgoingEvent> events) override;
  Answers read_answers(std::string_view bytes) override;
  void reset() override { line_.clear(); }
  std::size_t events_a_request_max() const override { return 1; }
  std::size_t requests_max() const override { return 1024; }
  bool may_reconnect() const override { return false; }

 private:
  std::string line_;  // begun
};

// PUB to NATS (its client protocol), pipelined. The server does not answer a PUB, so each is followed by a
// PING, whose PONG acknowledges it. The server's own PINGs are answered with the next request, because it
// waits for minutes. NATS publishers normally do not wait, and the server delivers together what it reads
// together: too few requests in flight would slow it down.
class NatsProtocol final : public PublishProtocol {
 public:
  void append_request(std::string& out, std::span<const OutgoingEvent> events) override;
  Answers read_answers(std::string_view bytes) override;
  void reset() override { *this = {}; }
  std::size_t events_a_request_max() const override { return 1; }
  std::size_t requests_max() const override { return 1024; }
  bool may_reconnect() const override { return false; }

 private:
  void read_line(Answers& answers);

  bool greeted_ = false;
  std::size_t pongs_owed_ = 0;
  std::size_t refused_ = 0;  // whose PONG is still to come
  std::string line_;         // begun
};

// What both POST protocols have in common.
class HttpProtocol : public PublishProtocol {
 public:
  Answers read_answers(std::string_view bytes) override;
  void reset() override { reader_ = {}; }
  bool may_reconnect() const override { return true; }

 protected:
  static void append_post(std::string& out, std::string_view target, std::string_view fields,
                          std::string_view body);

 private:
  AnswerReader reader_;
};

// Carillon's own API: one event, or an array when several are due.
class ApiProtocol final : public HttpProtocol {
 public:
  static constexpr std::size_t kBatchMax = 64;
  ApiProtocol(std::string target, std::string_view host_header, std::string_view api_key);
  void append_request(std::string& out, std::span<const OutgoingEvent> events) override;
  std::size_t events_a_request_max() const override { return kBatchMax; }
  std::size_t requests_max() const override { return 16; }

 private:
  std::string target_;
  std::string fields_;
};

// Any other HTTP API: `$channel` and `$data` are filled in in target and body.
class PostProtocol final : public HttpProtocol {
 public:
  // `headers` are whole lines without their ends. Without a Content-Type among them it is application/json.
  PostProtocol(std::string_view target, std::string_view host_header, std::span<const std::string> headers,
               std::string_view body);
  void append_request(std::string& out, std::span<const OutgoingEvent> events) override;
  std::size_t events_a_request_max() const override { return 1; }
  std::size_t requests_max() const override { return 16; }

 private:
  TextTemplate target_;
  TextTemplate body_;
  std::string fields_;
};

}  // namespace carillon::loadgen
