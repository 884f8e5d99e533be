#include "app/vectors/comparison.h"

#include <algorithm>
#include <utility>

namespace carillon::app {
namespace {

constexpr std::string_view kAny = "$any";
constexpr std::string_view kUuid = "$uuid";

// RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char form) {
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    return form == '-' ? c == '-' : is_digit;
  });
}

std::string filled(std::string text, const Placeholders& values) {
  const auto since_1970 = values.at.time_since_epoch();
  const std::string unix_s = std::to_string(std::chrono::floor<seconds>(since_1970).count());
  const std::string unix_ms = std::to_string(since_1970.count());
  text = replaced(std::move(text), "\"$time_unix_ms\"", unix_ms);
  text = replaced(std::move(text), "\"$time_unix_s\"", unix_s);
  text = replaced(std::move(text), "$time_unix_ms", unix_ms);
  text = replaced(std::move(text), "$time_unix_s", unix_s);
  text = replaced(std::move(text), "$time_ms", rfc3339_milliseconds(values.at));
  text = replaced(std::move(text), "$time_s", rfc3339_seconds(values.at));
  return values.n > 0 ? replaced(std::move(text), "$n", std::to_string(values.n)) : text;
}

// Collects what differs between two JSON values. A place is a JSON Pointer.
class Differences {
 public:
  explicit Differences(std::string& uuid) : uuid_(uuid) {}

  void compare(const std::string& place, const json::Value& expected, const json::Value& came) {
    if (expected.equals(kAny) || (expected.equals(kUuid) && takes_uuid(came))) return;
    const json::Type type = expected.type();
    if (type != came.type()) return add(place, expected.raw(), came.raw());
    if (type == json::Type::object) return compare_members(place, expected, came);
    if (type == json::Type::array) return compare_elements(place, expected, came);
    const bool is_equal =
        type == json::Type::string ? expected.string() == came.string() : expected.raw() == came.raw();
    if (!is_equal) add(place, expected.raw(), came.raw());
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  bool takes_uuid(const json::Value& came) {
    const std::string text = came.string().value_or("");
    if (!is_uuid(text)) return false;
    if (uuid_.empty()) uuid_ = text;
    return uuid_ == text;
  }
  void compare_members(const std::string& place, const json::Value& expected, const json::Value& came) {
    for (const json::Member& member : expected.members()) {
      const std::string inner = place + "/" + std::string(member.raw_name);
      const auto other = came.find(member.name().value_or(""));
      if (other) {
        compare(inner, member.value, *other);
      } else {
        add(inner, member.value.raw(), "nothing");
      }
    }
    for (const json::Member& member : came.members()) {
      if (!expected.find(member.name().value_or(""))) {
        add(place + "/" + std::string(member.raw_name), "nothing", member.value.raw());
      }
    }
  }
  void compare_elements(const std::string& place, const json::Value& expected, const json::Value& came) {
    const json::Elements one = expected.elements();
    const json::Elements two = came.elements();
    auto a = one.begin();
    auto b = two.begin();
    for (std::size_t i = 0; a != one.end() || b != two.end(); ++i) {
      const std::string inner = place + "/" + std::to_string(i);
      if (a == one.end()) {
        add(inner, "nothing", (*b).raw());
        ++b;
      } else if (b == two.end()) {
        add(inner, (*a).raw(), "nothing");
        ++a;
      } else {
        compare(inner, *a, *b);
        ++a;
        ++b;
      }
    }
  }
  void add(const std::string& place, std::string_view expected, std::string_view came) {
    if (found_.size() >= kDifferencesMax) return;
    found_.push_back((place.empty() ? "the whole" : place) + ": expected " + std::string(expected) +
                     ", came " + std::string(came));
  }

  std::string& uuid_;
  std::vector<std::string> found_;
};

std::vector<std::string> differences_of(const std::string& expected, std::string_view came,
                                        std::string& uuid) {
  const auto one = json::parse(expected);
  const auto two = json::parse(came, {.duplicates = json::Duplicates::allow});
  if (!one || !two) return {"it is not JSON: " + (two ? one.error() : two.error()).message()};
  Differences differences(uuid);
  differences.compare("", *one, *two);
  return differences.take();
}

// Whether a part of it is not known before the run.
bool has_open_value(const std::string& expected) {
  return expected.find(kAny) != std::string::npos || expected.find(kUuid) != std::string::npos;
}

bool is_structured(std::string_view text) {
  const auto value = json::parse(text, {.duplicates = json::Duplicates::allow});
  return value && (value->is(json::Type::object) || value->is(json::Type::array));
}

}  // namespace

std::string wire_text(const json::Value& value) {
  if (value.is(json::Type::string)) return value.string().value_or("");
  std::string out;
  bool is_quoted = false;
  const std::string_view raw = value.raw();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (is_quoted && c == '\\') {
      out.append(raw.substr(i++, 2));
      continue;
    }
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted || (c != ' ' && c != '\n' && c != '\r' && c != '\t')) out += c;
  }
  return out;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

Comparison compare(const json::Value& expected, std::string_view came, Placeholders placeholders,
                   JsonComparison how) {
  Comparison result;
  result.expected = filled(wire_text(expected), placeholders);
  if (!expected.is(json::Type::string)) {
    result.differences = differences_of(result.expected, came, placeholders.uuid);
    if (how == JsonComparison::by_bytes && result.differences.empty() && result.expected != came &&
        !has_open_value(result.expected)) {
      result.differences.push_back("they differ in white space or the order of members");
    }
    result.is_equal = result.differences.empty();
    return result;
  }
  result.is_equal = expected.equals(kAny) || result.expected == came;
  if (!result.is_equal && is_structured(result.expected) && is_structured(came)) {
    result.differences = differences_of(result.expected, came, placeholders.uuid);
    if (result.differences.empty()) {
      result.differences.push_back(
          "they differ only in white space or the order of members; to allow that, write the JSON itself "
          "instead of a string");
    }
  }
  return result;
}

}  // namespace carillon::app
