// Request: what a client connects with, chosen by the dice.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "client_host.h"

namespace carillon::simulation {

struct Request {
  std::string unsent;                          // of its bytes
  bool in_parts = false;                       // it is sent in two parts, and may be too late
  bool expires = false;                        // its token does
  std::optional<std::set<std::string>> types;  // of the events that it selects; nothing: all
  std::string position;                        // it asks for the events after this; empty: for none
  std::uint64_t earliest = 0;                  // the subscription did not begin before this entry of the feed
  MonoTime sent_at{};                          // its last part
};

// A whole request of which nothing is sent, of a client that knows what is in `memory`.
Request request_of(ClientHost& host, Kind kind, const NodeView& node, const Memory& memory);

}  // namespace carillon::simulation
