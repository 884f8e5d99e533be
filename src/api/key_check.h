// The check of API keys, used by the publish API and by ingest routes.
//
// Thread: any.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/secret.h"
#include "client/key_guesses.h"
#include "client/requester.h"
#include "http/response.h"

namespace carillon::api {

// Returns nothing when one of `presented` is one of `keys`, otherwise the refusal: 401 with `advice` when no
// key is presented; 401 that closes the connection for a wrong key, which is counted for the address; 429,
// without checking the key, for an address that has sent too many wrong keys. Compares with every key, so
// that the time does not reveal which one was close.
std::optional<http::Response> judge_key(std::span<const std::string_view> presented,
                                        std::span<const Secret> keys, std::string_view advice,
                                        client::KeyGuesses& guesses, const client::Requester& requester);

}  // namespace carillon::api
