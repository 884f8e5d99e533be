// CORS: which pages of other origins may read a stream, as the Fetch standard defines it. The origins of an
// endpoint decide, as they decide who may open a WebSocket.
//
// Any thread; pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_head.h"
#include "http/response.h"
#include "protocol/endpoint.h"

namespace carillon::client {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The value of Allow for the path of an endpoint with streams.
inline constexpr std::string_view kStreamMethods = "GET, OPTIONS";

// Adds what lets the page that sent a request read the response, if its origin is admitted.
void add_cors_headers(const protocol::Endpoint& endpoint, const http::RequestHead& head, Headers& headers);

// Whether the origin of a preflight request, or of another OPTIONS request, is admitted.
bool admits_preflight(const protocol::Endpoint& endpoint, const http::RequestHead& head);
// Makes the answer to an OPTIONS request whose origin is admitted: what a page may send in its request.
http::Response preflight_response(const protocol::Endpoint& endpoint, const http::RequestHead& head);

}  // namespace carillon::client
