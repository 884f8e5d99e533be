// The check of API keys, used by the publish API, the history API and ingest routes.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/secret.h"
#include "client/key_guesses.h"
#include "client/requester.h"
#include "gateway/node.h"
#include "http/request_head.h"
#include "http/response.h"

namespace carillon::api {

// Returns nothing when one of `presented` is one of `keys`, otherwise the refusal: 401 with `advice` when no
// key is presented; 401 that closes the connection for a wrong key, which is counted for the address; 429,
// without checking the key, for an address that has sent too many wrong keys. Compares with every key, so
// that the time does not reveal which one was close.
std::optional<http::Response> judge_key(std::span<const std::string_view> presented,
                                        std::span<const Secret> keys, std::string_view advice,
                                        client::KeyGuesses& guesses, const client::Requester& requester);

// Why a request for which api.keys are needed is refused.
enum class ApiKeyFault : std::uint8_t {
  off,        // 403: there are no api.keys
  key,        // 401: no key, or a wrong one
  wrong_keys  // 429: the address has sent too many wrong keys
};
struct ApiKeyRefusal {
  ApiKeyFault why = ApiKeyFault::key;
  http::Response response;
  std::string_view detail;  // for the log; a literal
};
// Checks `Authorization: Bearer KEY` against api.keys. `what` needs a key: "publishing over HTTP". `node` may
// be null when there are no keys.
std::optional<ApiKeyRefusal> judge_api_key(const http::RequestHead& head, std::span<const Secret> keys,
                                           std::string_view what, gateway::Node* node,
                                           const client::Requester& requester);

}  // namespace carillon::api
