// Responses for refused API requests, and the checks that lead to them. None of them closes the connection.
//
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "http/request_head.h"
#include "http/response.h"

namespace carillon::api {

http::Response refusal(int status, std::string_view message);
http::Response method_not_allowed(std::string_view allowed);  // 405
http::Response unauthorized(std::string_view message);        // 401
http::Response unavailable(std::string_view message);         // 503, Retry-After: 1

// Returns true for exactly one Content-Type that is "application/json", with or without parameters.
bool is_json(const http::RequestHead& head);
// Returns the credentials of exactly one `Authorization: Bearer …`; the scheme is case-insensitive.
std::optional<std::string_view> bearer_of(const http::RequestHead& head);

}  // namespace carillon::api
