#include "http/accept.h"

#include <algorithm>

namespace carillon::http {
namespace {

// Removes the text up to the separator from the front of `rest`, and returns it. No text that we look for has
// quotes, so a separator in quotes only splits what does not match anyway.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// A weight in thousandths (RFC 9110 section 12.4.2); one that is malformed counts as 1.
int weight_of(std::string_view text) {
  constexpr int kWhole = 1000;
  if (text.empty() || text.front() != '0') return kWhole;
  int thousandths = 0;
  int unit = kWhole / 10;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return kWhole;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths;
}

int weight_among(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_until(parameters, ';');
    if (parameter.size() >= 2 && equal_ignoring_case(parameter.substr(0, 2), "q=")) {
      return weight_of(parameter.substr(2));
    }
  }
  return weight_of({});
}

}  // namespace

int preference_for(const RequestHead& head, std::string_view media_type) {
  int most = 0;
  for (const Header& header : head.headers) {
    if (!equal_ignoring_case(header.name, "Accept")) continue;
    for (std::string_view ranges = header.value; !ranges.empty();) {
      std::string_view range = take_until(ranges, ',');
      if (!equal_ignoring_case(take_until(range, ';'), media_type)) continue;
      most = std::max(most, weight_among(range));
    }
  }
  return most;
}

}  // namespace carillon::http
