#include "json/template.h"

#include <algorithm>

#include "base/assert.h"
#include "json/validate.h"
#include "json/writer.h"

namespace carillon::json {
namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }
bool ends_pointer(char c) { return std::string_view(" \t\r\n,\"{}[]").find(c) != std::string_view::npos; }

// "*" or an identifier; empty where no name begins.
std::string_view name_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  if (text[at] == '*') return text.substr(at, 1);
  std::size_t end = at;
  if (begins_name(text[at])) {
    while (end < text.size() && continues_name(text[end])) ++end;
  }
  return text.substr(at, end - at);
}

// Levenshtein's distance: insertions, deletions and replacements between the two.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

std::string unknown_variable(std::string_view name, std::span<const std::string_view> allowed) {
  std::string message = "there is no variable $" + std::string(name);
  constexpr std::size_t kNamesCompared = 64;  // bytes: a longer name resembles no variable
  std::string_view nearest;
  std::size_t distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const auto candidate : allowed) {
    const std::size_t d = name.size() > kNamesCompared ? distance : edit_distance(name, candidate);
    if (d < distance) {
      distance = d;
      nearest = candidate;
    }
  }
  if (!nearest.empty()) return message + "; did you mean $" + std::string(nearest) + "?";
  if (allowed.empty()) return message + "; none may be used here";
  message += "; there are ";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (i != 0) message += ", ";
    message += "$" + std::string(allowed[i]);
  }
  return message;
}

tl::unexpected<Error> failure_at(std::size_t offset, std::string message) {
  return failure("at byte " + std::to_string(offset) + ": " + std::move(message));
}

struct ParsedPlace {
  std::size_t variable = 0;
  std::string_view name;
  std::optional<Pointer> pointer;
  std::size_t begin = 0;  // of the `$`, in the template
  std::size_t end = 0;
  bool as_string = false;
};

constexpr std::string_view kStringCall = "string(";

// The variable whose name begins at `name_begin`; its `$` stands at `begin`.
Result<ParsedPlace> parse_variable(std::string_view text, std::size_t begin, std::size_t name_begin,
                                   std::span<const std::string_view> allowed) {
  ParsedPlace place;
  place.begin = begin;
  place.name = name_at(text, name_begin);
  if (place.name.empty()) {
    return failure_at(begin, "a variable's name is missing behind `$`; a literal `$` is written `$$`");
  }
  const auto known = std::find(allowed.begin(), allowed.end(), place.name);
  if (known == allowed.end()) return failure_at(begin, unknown_variable(place.name, allowed));
  place.variable = static_cast<std::size_t>(known - allowed.begin());
  place.end = name_begin + place.name.size();
  if (place.end == text.size() || text[place.end] != '/') return place;
  const std::size_t pointer_begin = place.end;
  while (place.end < text.size() && !ends_pointer(text[place.end])) ++place.end;
  auto pointer = Pointer::parse(text.substr(pointer_begin, place.end - pointer_begin));
  if (!pointer) return failure_at(pointer_begin, pointer.error().message);
  place.pointer = std::move(*pointer);
  return place;
}

// The variable, or `$string(…)`, whose `$` stands at `begin`, outside of any string.
Result<ParsedPlace> parse_place(std::string_view text, std::size_t begin,
                                std::span<const std::string_view> allowed) {
  if (!text.substr(begin + 1).starts_with(kStringCall))
    return parse_variable(text, begin, begin + 1, allowed);
  const std::size_t name_begin = begin + 1 + kStringCall.size();
  const std::size_t close = text.find(')', name_begin);
  if (close == std::string_view::npos) {
    return failure_at(begin, "$string( has no `)`; write it as $string(body)");
  }
  auto place = parse_variable(text.substr(0, close), begin, name_begin, allowed);
  if (!place) return place;
  if (place->end != close) {
    return failure_at(place->end, "$string takes one variable, as in $string(body) or $string(body/data)");
  }
  place->end = close + 1;
  place->as_string = true;
  return place;
}

// The template with `null` in each variable's place. `null` joins with nothing: where it is valid JSON,
// any other value is.
struct Proof {
  std::string json;
  std::vector<std::size_t> origin;  // for each byte, where in the template it stands
  struct Stand {
    std::size_t begin = 0;
    std::string_view name;
  };
  std::vector<Stand> stands;  // where each `null` begins

  void add(char c, std::size_t from) {
    json += c;
    origin.push_back(from);
  }
  void add_place(const ParsedPlace& place) {
    stands.push_back({json.size(), place.name});
    for (const char c : std::string_view("null")) add(c, place.begin);
  }
};

Result<std::size_t> checked(const Proof& proof, std::string_view text) {
  const Validation validation = validate(proof.json);
  if (validation) return text.size();
  const bool cut_short = validation.offset >= proof.origin.size();
  const std::size_t offset = cut_short ? text.size() : proof.origin[validation.offset];
  for (const Proof::Stand& stand : proof.stands) {
    if (cut_short || validation.offset < stand.begin || validation.offset > stand.begin + 4) continue;
    return failure_at(offset, "$" + std::string(stand.name) +
                                  " must take the place of a whole value; it cannot be a member's name or be "
                                  "joined to the text next to it");
  }
  if (!cut_short && text[offset] == '$') {
    return failure_at(offset, "a literal `$` may only stand inside a string");
  }
  return failure_at(offset, std::string(describe(validation.fault)));
}

tl::unexpected<Error> dollar_in_string(std::string_view text, std::size_t at) {
  const std::string_view name = name_at(text, at + 1);
  if (name.empty()) return failure_at(at, "a literal `$` is written `$$`");
  return failure_at(at, "$" + std::string(name) +
                            " stands inside a string; write it without quotes around it, or `$$` for a "
                            "literal `$`");
}

}  // namespace

Result<Template> Template::compile(std::string_view text,
                                   std::span<const std::string_view> allowed_variables) {
  if (text.size() > kTemplateBytesMax) return failure("a template has at most 65536 bytes");
  Template result;
  result.text_ = text;
  Proof proof;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '$') {
      result.literals_ += '$';
      proof.add('$', i++);
      continue;
    }
    if (text[i] != '$') {
      if (text[i] == '"') in_string = !in_string;
      result.literals_ += text[i];
      proof.add(text[i], i);
      const bool escapes_next = in_string && text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '$';
      if (!escapes_next) continue;
      result.literals_ += text[++i];
      proof.add(text[i], i);
      continue;
    }
    if (in_string) return dollar_in_string(text, i);
    auto place = parse_place(text, i, allowed_variables);
    if (!place) return tl::unexpected(place.error());
    if (result.places_.size() == kTemplatePlacesMax) {
      return failure_at(i, "a template has at most 256 places for variables");
    }
    proof.add_place(*place);
    i = place->end - 1;
    result.places_.push_back(
        {result.literals_.size(), place->variable, std::move(place->pointer), place->as_string});
  }
  if (const auto verdict = checked(proof, text); !verdict) return tl::unexpected(verdict.error());
  return result;
}

void Template::render(std::span<const TemplateValue> values, std::string& out) const {
  render_within(std::string::npos, values, out);
}

bool Template::render_within(std::size_t bytes_max, std::span<const TemplateValue> values,
                             std::string& out) const {
  const std::size_t begin = out.size();
  std::size_t from = 0;
  for (const Place& place : places_) {
    out.append(literals_, from, place.literal_end - from);
    from = place.literal_end;
    CARILLON_ASSERT(place.variable < values.size());
    const TemplateValue& value = values[place.variable];
    const bool is_string = value.kind == TemplateValue::Kind::string;
    if (is_string && !place.pointer) {
      append_string(out, value.text);
    } else {
      std::string_view raw = is_string ? std::string_view{} : value.text;
      if (place.pointer && !raw.empty()) raw = value.find(*place.pointer).value_or(std::string_view{});
      if (place.as_string && !raw.empty()) {
        append_string(out, raw);
      } else {
        out += raw.empty() ? std::string_view("null") : raw;
      }
    }
    if (out.size() - begin > bytes_max) return false;
  }
  out.append(literals_, from);
  return out.size() - begin <= bytes_max;
}

bool Template::uses(std::size_t variable) const {
  return std::any_of(places_.begin(), places_.end(),
                     [variable](const Place& place) { return place.variable == variable; });
}

std::optional<std::size_t> Template::verbatim_variable() const {
  if (places_.size() != 1 || !literals_.empty() || places_.front().pointer || places_.front().as_string)
    return std::nullopt;
  return places_.front().variable;
}

std::optional<Template> template_if_any(std::string_view text,
                                        std::span<const std::string_view> allowed_variables) {
  if (text.empty()) return std::nullopt;
  auto made = Template::compile(text, allowed_variables);
  return made ? std::optional(*std::move(made)) : std::nullopt;
}

}  // namespace carillon::json
