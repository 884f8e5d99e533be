// Writes one JSON object per line to stdout, as the programs of bench/ do for each other and for bench/run.
#pragma once

#include <string_view>

#include "common/clocks.h"
#include "json/writer.h"

namespace carillon::bench {

// With the line's end, and flushed.
void print_line(std::string_view json);

// {"median", "min", "max", "low", "high"}, to a thousandth.
void add_spread(json::ObjectWriter& object, std::string_view name, const Spread& spread);

double to_a_thousandth(double value);

}  // namespace carillon::bench
