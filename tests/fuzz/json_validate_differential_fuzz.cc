// validate() against RapidJSON's SAX reader, and the reader over whatever both call valid.
// RapidJSON adds to null pointers, which is its own affair.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#endif
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.h"
#include "json/validate.h"

namespace {

using carillon::json::Duplicates;
using carillon::json::Validity;
using carillon::json::Value;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_hex(char c) { return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos; }

// RapidJSON refuses escapes of half a surrogate pair, which the grammar allows: make other escapes of the
// same length of them all. Elsewhere than in a string `\u` is wrong anyhow.
std::string without_surrogate_escapes(std::string text) {
  for (std::size_t i = 0; i + 6 <= text.size(); ++i) {
    if (text[i] != '\\' || text[i + 1] != 'u' || (text[i + 2] | 0x20) != 'd') continue;
    if (is_hex(text[i + 3]) && is_hex(text[i + 4]) && is_hex(text[i + 5])) text.replace(i + 2, 4, "0041");
  }
  return text;
}

enum class Verdict { valid, invalid, unknown };

Verdict reference(const std::string& text) {
  // To RapidJSON a NUL is the text's end.
  if (text.find('\0') != std::string::npos) return Verdict::invalid;
  constexpr unsigned kFlags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::BaseReaderHandler<> handler;
  rapidjson::Reader reader;
  const auto result = reader.Parse<kFlags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorNumberTooBig) return Verdict::unknown;
  return result.IsError() ? Verdict::invalid : Verdict::valid;
}

// Every value inside must be a valid text of its own, and none may lie outside its parent.
void walk(const Value& root) {
  std::vector<Value> waiting = {root};
  while (!waiting.empty()) {
    const Value value = waiting.back();
    waiting.pop_back();
    require(carillon::json::is_valid(value.raw(), carillon::json::kDepthMax));
    (void)value.integer();
    (void)value.number();
    const auto string = value.string();
    if (string) require(value.equals(*string));
    for (const auto& member : value.members()) {
      const auto name = member.name();
      if (name) require(member.named(*name) && value.find(*name).has_value());
      waiting.push_back(member.value);
    }
    for (const Value& element : value.elements()) waiting.push_back(element);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto ours = carillon::json::validate(text, carillon::json::kDepthMax);
  require(ours.offset <= text.size());
  if (ours.fault == Validity::too_deep) return 0;
  const Verdict theirs = reference(without_surrogate_escapes(text));
  if (theirs != Verdict::unknown) require(static_cast<bool>(ours) == (theirs == Verdict::valid));

  const auto value =
      carillon::json::parse(text, {.duplicates = Duplicates::allow, .depth_max = carillon::json::kDepthMax});
  require(value.has_value() == static_cast<bool>(ours));
  const auto strict =
      carillon::json::parse(text, {.duplicates = Duplicates::refuse, .depth_max = carillon::json::kDepthMax});
  require(value.has_value() || !strict.has_value());
  // Walking looks at each byte once a level.
  if (value && size <= 4096) walk(*value);
  return 0;
}
