// Compares what a vector expects with what came: as text, or as JSON, where white space and the order of
// members do not matter. Placeholders in what is expected stand for what only the run knows:
//
//   $time_s, $time_ms, "$time_unix_s", "$time_unix_ms"  the moment at which it was sent
//   "$any"    any value
//   "$uuid"   a UUID, the same one throughout a vector
//   $n        the number of the copy, where a frame has a `count`
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "json/reader.h"

namespace carillon::app {

// Returns a value as it is sent: the text of a string; anything else as it is written, without white space.
std::string wire_text(const json::Value& value);
// Replaces every `what` in the text.
std::string replaced(std::string text, std::string_view what, std::string_view with);

// What the placeholders stand for.
struct Placeholders {
  WallTime at;         // when it was sent
  std::int64_t n = 0;  // the number of the copy; 0: there is only one
  std::string& uuid;   // empty until the first "$uuid" has found one
};

// The result of a comparison.
struct Comparison {
  bool is_equal = false;
  std::string expected;                    // with its placeholders filled in
  std::vector<std::string> differences{};  // "/topic: expected "a", came "b"", at most kDifferencesMax
};
inline constexpr std::size_t kDifferencesMax = 20;

// How JSON that is not a string is compared. Bytes: also white space and the order of members must be those
// of wire_text(), except in a text with "$any" or "$uuid".
enum class JsonComparison : std::uint8_t { by_value, by_bytes };

// A JSON string in `expected` is always compared byte for byte with what came.
Comparison compare(const json::Value& expected, std::string_view came, Placeholders placeholders,
                   JsonComparison how = JsonComparison::by_value);

}  // namespace carillon::app
