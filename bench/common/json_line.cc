#include "common/json_line.h"

#include <cmath>
#include <cstdio>

namespace carillon::bench {

void print_line(std::string_view json) {
  std::fwrite(json.data(), 1, json.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

double to_a_thousandth(double value) { return std::round(value * 1000) / 1000; }

void add_spread(json::ObjectWriter& object, std::string_view name, const Spread& spread) {
  json::ObjectWriter values = object.object(name);
  values.member("median", to_a_thousandth(spread.median));
  values.member("min", to_a_thousandth(spread.min));
  values.member("max", to_a_thousandth(spread.max));
  values.member("low", to_a_thousandth(spread.low)).member("high", to_a_thousandth(spread.high));
}

}  // namespace carillon::bench
