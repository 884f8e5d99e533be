#include "app/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace carillon::app {
namespace {

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::bold:
      return "\x1b[1m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
  }
  return "";
}

}  // namespace

bool has_colours(std::FILE* stream) {
  const char* const no = std::getenv("NO_COLOR");
  return (no == nullptr || *no == '\0') && ::isatty(::fileno(stream)) == 1;
}

std::string coloured(std::FILE* stream, Colour colour, std::string_view text) {
  if (!has_colours(stream)) return std::string(text);
  return std::string(code_of(colour)).append(text).append("\x1b[0m");
}

int fail(std::string_view message, int code) {
  const std::string name = coloured(stderr, Colour::red, "carillon:");
  std::fprintf(stderr, "%s %.*s\n", name.c_str(), static_cast<int>(message.size()), message.data());
  return code;
}

}  // namespace carillon::app
