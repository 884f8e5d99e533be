// What the commands say to people.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace carillon::app {

enum class Colour : std::uint8_t { bold, red, green, yellow };

// Whether colours may be written to this stream: it is a terminal, and NO_COLOR is not set
// (https://no-color.org).
bool has_colours(std::FILE* stream);

// The text in a colour where the stream may have colours; otherwise as it is.
std::string coloured(std::FILE* stream, Colour colour, std::string_view text);

// Writes "carillon: MESSAGE" to standard error and returns `code`, for `return fail(…)`.
int fail(std::string_view message, int code = 1);

}  // namespace carillon::app
