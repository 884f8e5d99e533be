#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "event/tag.h"
#include "http/path_pattern.h"
#include "http/request_head.h"
#include "protocol/source.h"

namespace carillon::protocol {

// Selection: the events of an endpoint that a client selects with its request (select.by = "query:…") or its
// token (select.by = "claim:…" or "path:…").
//
// Pure; any thread.
struct Selection {
  TagMask tags = 0;                 // of known values; 0: nothing
  std::vector<std::string> values;  // when any value may be selected, each once
  bool everything = false;          // likewise: the client listed no value
};

// Returns the values that a parameter of a query lists, each once, as select() reads them; nothing when the
// query cannot be read.
std::optional<std::vector<std::string>> listed_values(std::string_view query, std::string_view parameter);

// Reads a client's selection from the raw `query`. Values are separated by commas; blanks around them and
// empty values are ignored, as are unknown values. A repeated parameter adds its values. Returns nothing when
// the query cannot be parsed or lists more than `values_max` values.
std::optional<Selection> select(const config::SelectSettings& settings, const Source& source,
                                std::string_view query, std::size_t values_max);

// The selection of these values, each of which is a valid name of a channel; unknown ones are ignored. None
// of them: nothing.
Selection selection_of(const config::SelectSettings& settings, const Source& source,
                       std::vector<std::string> values);

// What a client selects with its path (select.by = "path:…"), as `pattern` has matched it. Returns nothing
// when the value is not a valid name of a channel, or not one of select.known where there are any.
std::optional<Selection> select_by_path(const config::SelectSettings& settings, const Source& source,
                                        const http::PathPattern& pattern, const http::RequestHead& head);

}  // namespace carillon::protocol
