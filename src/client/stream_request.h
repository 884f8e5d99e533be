// What the request for an event stream must have that the request for a WebSocket need not, and the channels
// that it lists.
//
// Any thread; pure.
#pragma once

#include <optional>
#include <variant>

#include "auth/identity.h"
#include "client/upgrade.h"

namespace carillon::client {

// Refuses a request that is no request for a stream: an upgrade, where the endpoint has no WebSockets, or one
// with a body.
std::optional<Refused> refuse_stream(const protocol::Endpoint& endpoint, const http::RequestHead& head);

// Reads the channels that the request lists (select.streams) into `out.values`. Refuses a list that is empty,
// too long or has a name that is no channel's, and one with a channel that the token does not permit.
// `identity` is null when the endpoint requires no token.
std::optional<Refused> select_channels(const protocol::Endpoint& endpoint, const http::RequestHead& head,
                                       const auth::Identity* identity, protocol::Selection& out);

// Judges a request with another method than GET to the path of an endpoint. Before a page of another origin
// may request a stream with headers of its own, its browser asks with OPTIONS; that gets a response.
std::variant<http::Response, Refused> judge_other_method(const protocol::Endpoint& endpoint,
                                                         const http::RequestHead& head);

}  // namespace carillon::client
