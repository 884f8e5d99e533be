#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace carillon::config {

// JsonWord: the name of a command or the code of an error as a protocol has it in its JSON: a string, an
// integer or a boolean. Two words are the same when their types and their texts are: 4 is not "4".
struct JsonWord {
  enum class Kind : std::uint8_t { string, number, boolean };

  JsonWord() = default;
  JsonWord(const char* characters) : text(characters) {}  // implicit: defaults are written as literals
  JsonWord(std::string characters, Kind its_kind) : text(std::move(characters)), kind(its_kind) {}
  bool operator==(const JsonWord&) const = default;

  // Returns true for the empty string, which stands for no word at all.
  bool empty() const { return text.empty(); }

  std::string text;  // the characters of a string; a number or boolean as it is written in JSON
  Kind kind = Kind::string;
};

}  // namespace carillon::config
