// Selection: which of an endpoint's events a client asks for with its request (select.by = "query:…").
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "fanout/event_log.h"
#include "protocol/source.h"

namespace carillon::protocol {

struct Selection {
  fanout::TagMask tags = 0;         // of known values; 0: nothing
  std::vector<std::string> values;  // where any value may be asked for, each once
  bool everything = false;          // likewise: it asked for none in particular
};

// `query` is raw. Values are separated by commas, blanks around them cut off, empty ones passed over; those
// that are not known are ignored, and a parameter given again adds to the first. Nothing where the query
// cannot be parsed, or asks for more than `values_max` values.
std::optional<Selection> select(const config::SelectSettings& settings, const Source& source,
                                std::string_view query, std::size_t values_max);

}  // namespace carillon::protocol
