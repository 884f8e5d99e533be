// Option kinds of event streams: the transports of an endpoint, and the parameter that lists channels.
#pragma once

#include <string>
#include <vector>

#include "config/stream_settings.h"
#include "config/value_kinds.h"

namespace carillon::config {

// ["websocket", "sse", "ndjson"]: at least one, each once.
struct TransportsKind {
  std::string type() const { return R"(list of "websocket", "sse" and "ndjson")"; }
  std::string example() const { return R"(["websocket", "sse"])"; }
  std::string show(const std::vector<Transport>& field) const;
  void read(const Place& place, Reading& reading, std::vector<Transport>& field) const;
};

// "query:NAME", or "".
struct QueryParameterKind {
  std::string type() const { return R"("query:NAME")"; }
  std::string example() const { return R"("query:channels")"; }
  std::string show(const std::string& field) const { return toml_quoted(field); }
  void read(const Place& place, Reading& reading, std::string& field) const;
};

}  // namespace carillon::config
