// Reads members of the JSON messages that processes send each other in a takeover.
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/reader.h"

namespace carillon::app {

// Each returns nothing when there is no such member, or it is of another type.
std::optional<std::string> text_in(const json::Value& object, std::string_view name);
std::optional<std::int64_t> number_in(const json::Value& object, std::string_view name);
// A number of 64 bits, which is written as text: a number of JSON may lose digits.
std::optional<std::uint64_t> long_number_in(const json::Value& object, std::string_view name);

}  // namespace carillon::app
