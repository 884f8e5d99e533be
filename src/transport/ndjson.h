// Events as newline-delimited JSON: one line for each, ended by LF.
//
// Any thread.
#pragma once

#include "transport/wire_format.h"

namespace carillon::transport {

// A line break in an event becomes a blank. JSON allows line breaks only where it allows blanks, so its value
// stays the same.
const WireFormat& ndjson_format();

}  // namespace carillon::transport
