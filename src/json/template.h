#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/outline.h"
#include "json/pointer.h"

namespace carillon::json {

inline constexpr std::size_t kTemplateBytesMax = 64 * 1024;
inline constexpr std::size_t kTemplatePlacesMax = 256;

// The value of a variable when a template is rendered.
struct TemplateValue {
  enum class Kind : std::uint8_t {
    raw,    // one valid JSON value (validate()), inserted byte for byte
    string  // text: quoted and escaped; a pointer into it finds nothing
  };
  std::string_view text;
  Kind kind = Kind::raw;
  Outline* outline = nullptr;  // of the text, if there is one: several pointers then cost one pass

  static TemplateValue raw(std::string_view valid_json) { return {valid_json, Kind::raw, nullptr}; }
  // It outlives the rendering.
  static TemplateValue raw(Outline& valid_json) { return {valid_json.text(), Kind::raw, &valid_json}; }
  static TemplateValue string(std::string_view text) { return {text, Kind::string, nullptr}; }

  std::optional<std::string_view> find(const Pointer& pointer) const {
    return outline ? outline->find(pointer) : pointer.find(text);
  }
};

// Template: how an endpoint's frames look. Literal JSON in which `$name` stands where a value may stand.
//
//   {"channel":$channel,"payload":$body,"timestamp":$time_s}
//
// $name     a variable; $* is the variable named "*"
// $name/a/b the value that the JSON Pointer /a/b finds in a raw variable; null where there is none.
//           It ends before white space, a comma, a quote or a closing bracket.
// $$        a literal `$` (inside a string)
//
// compile() proves that only valid JSON can come out: each variable takes the place of a whole value,
// never inside a string, as part of a number, or as a member's name, and the rest is valid JSON.
//
// Thread: any; immutable once compiled. Limits: 64 KiB of text, 256 places for variables.
class Template {
 public:
  // The error states what is wrong, at which byte, and for an unknown variable the nearest known one.
  static Result<Template> compile(std::string_view text, std::span<const std::string_view> allowed_variables);

  // Appends to `out`, which is all that it may allocate. `values` stand in the order of the allowed
  // variables and are as many; only those that the template uses are read.
  void render(std::span<const TemplateValue> values, std::string& out) const;
  // The same where many places may multiply a large value: false once more than `bytes_max` would be
  // appended, and `out` then ends somewhere before that, by one literal or value at most beyond it.
  bool render_within(std::size_t bytes_max, std::span<const TemplateValue> values, std::string& out) const;

  // Returns whether the template uses the variable at this position, so that unused ones need not be made.
  bool uses(std::size_t variable) const;
  // Where the template is one variable and nothing else ("$body"): that variable's position. What
  // comes out is then the value itself, and a caller may send it without a copy.
  std::optional<std::size_t> verbatim_variable() const;

  const std::string& text() const { return text_; }

 private:
  struct Place {
    std::size_t literal_end = 0;  // in literals_: what comes before it begins where the last ended
    std::size_t variable = 0;
    std::optional<Pointer> pointer;
  };
  std::string text_;
  std::string literals_;  // all literal pieces, one after the other
  std::vector<Place> places_;
};

// Of a text that compile() has accepted before (a configuration's); nothing for an empty one.
std::optional<Template> template_if_any(std::string_view text,
                                        std::span<const std::string_view> allowed_variables);

}  // namespace carillon::json
