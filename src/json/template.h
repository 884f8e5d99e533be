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

// Template: the form of an endpoint's frames: literal JSON in which `$name` may take the place of a value.
//
//   {"channel":$channel,"payload":$body,"timestamp":$time_s}
//
// $name     a variable; $* is the variable named "*"
// $name/a/b the value that the JSON Pointer /a/b finds in a raw variable; null when there is none.
//           It ends before white space, a comma, a quote or a closing bracket.
// $string(body), $string(body/a)
//           the JSON text of what $body or $body/a would insert, as a JSON string: {"a":1} becomes
//           "{\"a\":1}". A variable that is text already is inserted as it is, and so is a missing value
//           (null)
// $$        a literal `$` (inside a string)
//
// compile() ensures that rendering can produce only valid JSON: each variable replaces a whole value, never a
// part of a string or number or a member's name, and the rest is valid JSON.
//
// Thread: any; immutable once compiled. Limits: 64 KiB of text, 256 places for variables.
class Template {
 public:
  // The error states what is wrong, at which byte, and for an unknown variable the nearest known one.
  static Result<Template> compile(std::string_view text, std::span<const std::string_view> allowed_variables);

  // Appends to `out` and allocates nothing else. `values` has one value for each allowed variable, in their
  // order; only those that the template uses are read.
  void render(std::span<const TemplateValue> values, std::string& out) const;
  // The same with a limit, for templates that may insert a large value many times. Returns false when more
  // than `bytes_max` would be appended; `out` then has an incomplete result, at most one literal or value
  // beyond the limit.
  bool render_within(std::size_t bytes_max, std::span<const TemplateValue> values, std::string& out) const;

  // Returns whether the template uses the variable at this position, so that unused ones need not be made.
  bool uses(std::size_t variable) const;
  // When the template is a single variable ("$body"), returns its position. The result is then the value
  // itself, which a caller can send without a copy.
  std::optional<std::size_t> verbatim_variable() const;

  const std::string& text() const { return text_; }

 private:
  struct Place {
    std::size_t literal_end = 0;  // in literals_: what comes before it begins where the last ended
    std::size_t variable = 0;
    std::optional<Pointer> pointer;
    bool as_string = false;  // $string(…)
  };
  std::string text_;
  std::string literals_;  // all literal pieces, one after the other
  std::vector<Place> places_;
};

// Compiles a text that compile() has accepted before (from a configuration); returns nothing for an empty
// one.
std::optional<Template> template_if_any(std::string_view text,
                                        std::span<const std::string_view> allowed_variables);

}  // namespace carillon::json
