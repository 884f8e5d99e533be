// HttpHandler: answers the HTTP requests that are not for an endpoint: publish API, health, metrics. The
// interface is declared here because the same port serves both; api/ implements it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "client/requester.h"
#include "http/request_head.h"
#include "http/response.h"

namespace carillon::client {

// Answers one request, now or later, from any thread; a second answer, or one to a connection that is
// gone, is dropped.
using Responder = std::function<void(http::Response)>;

// Thread: every shard's thread calls these methods concurrently, so implementations are stateless or guarded.
class HttpHandler {
 public:
  struct NotMine {};  // no such path: 404 unless an endpoint has it
  struct TakeBody {
    std::size_t body_bytes_max;
  };
  // Decides from the head alone, so that no body is read from a client that may not send one.
  using Judgement = std::variant<NotMine, http::Response, TakeBody>;

  virtual Judgement judge(const http::RequestHead& head, const Requester& requester) = 0;
  // Handles a whole request. Returns the answer if it is ready; otherwise keeps `later` and calls it.
  virtual std::optional<http::Response> handle(const http::RequestHead& head, std::string body,
                                               const Requester& requester, Responder later) = 0;

  // Whether this request is answered even when no descriptor is left for others, such as /health.
  virtual bool is_essential(const http::RequestHead&) const { return false; }

 protected:
  ~HttpHandler() = default;
};

}  // namespace carillon::client
