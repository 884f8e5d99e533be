// Whatever a template that compiles is given, valid JSON comes out. Input: template, 0xFF, body.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "json/template.h"
#include "json/validate.h"

namespace {

using carillon::json::Template;
using carillon::json::TemplateValue;

constexpr std::array<std::string_view, 5> kVariables = {"channel", "*", "body", "time_s", "request"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t border = std::min(input.find('\xFF'), size);
  const std::string_view text = input.substr(0, border);
  const std::string_view rest = input.substr(std::min(border + 1, size));
  const auto compiled = Template::compile(text, kVariables);
  if (!compiled) {
    if (compiled.error().message.empty()) std::abort();
    return 0;
  }
  const bool rest_is_json = carillon::json::is_valid(rest);
  const std::array<TemplateValue, 5> values = {
      TemplateValue::string(rest), TemplateValue::string("x"),
      TemplateValue::raw(rest_is_json ? rest : std::string_view("{\"type\":[1,{\"a\":\"]\"}]}")),
      TemplateValue::string("2026-01-01T00:00:00Z"), TemplateValue{}};
  std::string out;
  compiled->render(values, out);
  if (!carillon::json::is_valid(out, carillon::json::kDepthMax)) std::abort();
  if (compiled->verbatim_variable() == 2u && out != values[2].text) std::abort();
  return 0;
}
