#include "server/key_check.h"

#include <string>

#include "server/refusals.h"

namespace carillon::server {

std::optional<http::Response> judge_key(std::span<const std::string_view> presented,
                                        std::span<const Secret> keys, std::string_view advice,
                                        gateway::KeyGuesses& guesses, const gateway::Visitor& visitor) {
  if (presented.empty()) return unauthorized(advice);
  if (!guesses.may_try(visitor.address, visitor.now)) {
    http::Response response = http::error_response(429, "too many wrong keys from this address");
    response.headers.emplace_back("Retry-After",
                                  std::to_string(guesses.retry_after_s(visitor.address, visitor.now)));
    return response;
  }
  bool known = false;
  for (const Secret& key : keys) {
    for (const std::string_view each : presented) known |= equal_in_constant_time(key.reveal(), each);
  }
  if (known) return std::nullopt;
  for (const std::string_view each : presented) guesses.note_wrong(visitor.address, each, visitor.now);
  http::Response response = unauthorized("wrong API key");
  response.keep_alive = http::KeepAlive::close;
  return response;
}

}  // namespace carillon::server
