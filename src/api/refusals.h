// What the HTTP side answers when it does not do what was asked, and the questions that lead there.
//
// Thread: any; pure. All of them keep the connection.
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

// Exactly one Content-Type, and that "application/json", with or without parameters.
bool is_json(const http::RequestHead& head);
// The credentials of exactly one `Authorization: Bearer …`, whatever the scheme's case.
std::optional<std::string_view> bearer_of(const http::RequestHead& head);

}  // namespace carillon::api
