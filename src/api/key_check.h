// The check of an API key, for publishing and for ingest routes alike.
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

// Nothing where one of `presented` is one of `keys`. Otherwise the refusal: 401 with `advice` where nothing
// is presented; 401 that closes the connection for a wrong key, which is noted; and 429 without a look at the
// key for an address that has sent too many wrong ones. Looks at every key, so that the time says nothing
// about which one was near.
std::optional<http::Response> judge_key(std::span<const std::string_view> presented,
                                        std::span<const Secret> keys, std::string_view advice,
                                        client::KeyGuesses& guesses, const client::Requester& requester);

}  // namespace carillon::api
