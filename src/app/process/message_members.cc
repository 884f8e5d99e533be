#include "app/process/message_members.h"

#include <charconv>
#include <system_error>

namespace carillon::app {

std::optional<std::string> text_in(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return std::nullopt;
  const auto text = value->string();
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::int64_t> number_in(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::uint64_t> long_number_in(const json::Value& object, std::string_view name) {
  const auto text = text_in(object, name);
  std::uint64_t number = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace carillon::app
