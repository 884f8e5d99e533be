#include "api/key_check.h"

#include <string>
#include <utility>
#include <vector>

#include "api/refusals.h"

namespace carillon::api {

std::optional<http::Response> judge_key(std::span<const std::string_view> presented,
                                        std::span<const Secret> keys, std::string_view advice,
                                        client::KeyGuesses& guesses, const client::Requester& requester) {
  if (presented.empty()) return unauthorized(advice);
  if (!guesses.may_try(requester.address, requester.now)) {
    http::Response response = http::error_response(429, "too many wrong keys from this address");
    response.headers.emplace_back("Retry-After",
                                  std::to_string(guesses.retry_after_s(requester.address, requester.now)));
    return response;
  }
  bool known = false;
  for (const Secret& key : keys) {
    for (const std::string_view each : presented) known |= equal_in_constant_time(key.reveal(), each);
  }
  if (known) return std::nullopt;
  for (const std::string_view each : presented) guesses.note_wrong(requester.address, each, requester.now);
  http::Response response = unauthorized("wrong API key");
  response.keep_alive = http::KeepAlive::close;
  return response;
}

std::optional<ApiKeyRefusal> judge_api_key(const http::RequestHead& head, std::span<const Secret> keys,
                                           std::string_view what, gateway::Node* node,
                                           const client::Requester& requester) {
  if (keys.empty()) {
    const std::string message = std::string(what) + " is off: set api.keys or CARILLON_API_KEY";
    return ApiKeyRefusal{ApiKeyFault::off, refusal(403, message), ""};
  }
  std::vector<std::string_view> presented;
  if (const auto bearer = bearer_of(head)) presented.push_back(*bearer);
  constexpr std::string_view kAdvice = "send the API key as Authorization: Bearer <key>";
  auto response = judge_key(presented, keys, kAdvice, node->key_guesses(), requester);
  if (!response) return std::nullopt;
  const auto why = response->status == 429 ? ApiKeyFault::wrong_keys : ApiKeyFault::key;
  return ApiKeyRefusal{why, std::move(*response), presented.empty() ? "no API key" : "wrong API key"};
}

}  // namespace carillon::api
