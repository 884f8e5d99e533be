// The types a value may have: numbers, sizes, limits, durations, switches, words, texts.
//
// Each reads a Node into its field or reports what is wrong and what to write instead, and shows a
// field as TOML. Kinds of their own subject stand elsewhere: secret_kinds.h, listen_kind.h, auth_kinds.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/option.h"
#include "config/settings.h"
#include "config/text.h"

namespace carillon::config {

// `expected a duration such as "30s", got the integer 30`. Only `shape_of` is fit for a secret.
std::string shape_of(const Node& node);  // "an integer"
std::string got(const Node& node);       // "the integer 30"
void wrong_type(const Place& place, Reading& reading, std::string_view expected);

// An integer within bounds.
struct NumberKind {
  std::uint64_t min;
  std::uint64_t max;

  std::string type() const;
  std::string example() const { return std::to_string(min); }
  template <class Number>
  std::string show(Number field) const {
    return std::to_string(field);
  }
  std::optional<std::uint64_t> value(const Place& place, Reading& reading) const;
  template <class Number>
  void read(const Place& place, Reading& reading, Number& field) const {
    if (const auto number = value(place, reading)) field = static_cast<Number>(*number);
  }
};

// Bytes: an integer, or "64KiB".
struct SizeKind {
  std::uint64_t min;
  std::uint64_t max;

  std::string type() const;
  std::string example() const;
  std::string show(std::uint64_t value) const;
  std::optional<std::uint64_t> value(const Place& place, Reading& reading) const;
  template <class Number>
  void read(const Place& place, Reading& reading, Number& field) const {
    if (const auto number = value(place, reading)) field = static_cast<Number>(*number);
  }
};

// "auto", kept as 0, or what `Inner` reads.
template <class Inner>
struct AutoKind {
  Inner inner;

  std::string type() const { return inner.type() + ", or \"auto\""; }
  std::string example() const { return inner.example(); }
  std::string show(std::uint64_t value) const { return value == 0 ? "\"auto\"" : inner.show(value); }
  template <class Number>
  void read(const Place& place, Reading& reading, Number& field) const {
    if (place.node.kind == Node::Kind::string && place.node.text == "auto") {
      field = 0;
    } else {
      inner.read(place, reading, field);
    }
  }
};

// A number of at least 1, or "off".
struct LimitKind {
  std::uint64_t max;

  std::string type() const;
  std::string example() const { return "100"; }
  std::string show(const Limit& field) const {
    return field.value ? std::to_string(*field.value) : "\"off\"";
  }
  void read(const Place& place, Reading& reading, Limit& field) const;
};

// A limit of bytes: a size, or "off".
struct SizeLimitKind {
  SizeKind inner;

  std::string type() const { return inner.type() + ", or \"off\""; }
  std::string example() const { return inner.example(); }
  std::string show(const Limit& field) const { return field.value ? inner.show(*field.value) : "\"off\""; }
  void read(const Place& place, Reading& reading, Limit& field) const;
};

// A duration within bounds.
struct DurationKind {
  milliseconds min;
  milliseconds max;

  std::string type() const;
  std::string example() const;
  std::string show(milliseconds field) const;
  std::optional<milliseconds> value(const Place& place, Reading& reading, std::string_view or_off) const;
  void read(const Place& place, Reading& reading, milliseconds& field) const;
};

// A duration within bounds, or "off".
struct OptionalDurationKind {
  DurationKind inner;

  std::string type() const { return inner.type() + ", or \"off\""; }
  std::string example() const { return inner.example(); }
  std::string show(const std::optional<milliseconds>& field) const;
  void read(const Place& place, Reading& reading, std::optional<milliseconds>& field) const;
};

// A duration in whole seconds.
struct WholeSecondsKind {
  DurationKind inner;

  std::string type() const { return inner.type() + ", whole seconds"; }
  std::string example() const { return inner.example(); }
  std::string show(seconds field) const { return inner.show(field); }
  void read(const Place& place, Reading& reading, seconds& field) const;
};

// "on" and "off", or true and false.
struct SwitchKind {
  std::string type() const { return "\"on\" or \"off\""; }
  std::string example() const { return "\"on\""; }
  std::string show(bool field) const { return field ? "\"on\"" : "\"off\""; }
  std::string show(Switch field) const { return show(field == Switch::on); }
  std::optional<bool> value(const Place& place, Reading& reading) const;
  void read(const Place& place, Reading& reading, bool& field) const;
  void read(const Place& place, Reading& reading, Switch& field) const;
};

// Returns the name in `node` out of `names`, or reports an error with the nearest name and returns nothing.
std::optional<std::size_t> word_in(const Place& place, Reading& reading,
                                   const std::vector<std::string>& names);

// One of several words, each with its value.
template <class Value>
struct WordKind {
  std::vector<std::pair<std::string, Value>> words;

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& word : words) out.push_back(word.first);
    return out;
  }
  std::string type() const { return alternatives(names()); }
  std::string example() const { return cat({"\"", words.front().first, "\""}); }
  std::string show(const Value& field) const {
    for (const auto& [name, value] : words) {
      if (value == field) return cat({"\"", name, "\""});
    }
    return "\"\"";
  }
  void read(const Place& place, Reading& reading, Value& field) const {
    if (const auto index = word_in(place, reading, names())) field = words[*index].second;
  }
};

// What is wrong with a text and what to write instead, or nothing.
using TextCheck = std::optional<std::string> (*)(std::string_view text);

// A text with a maximum length and a check.
struct TextKind {
  std::string_view what;    // "a path": for messages and documentation
  std::string_view sample;  // as TOML
  std::size_t bytes_max;
  TextCheck check = nullptr;

  std::string type() const;
  std::string example() const { return std::string(sample); }
  std::string show(const std::string& field) const { return toml_quoted(field); }
  void read(const Place& place, Reading& reading, std::string& field) const;
};

// The path of a file, which becomes one that the process can open (path.h).
struct PathKind {
  TextKind text;

  std::string type() const { return text.type(); }
  std::string example() const { return text.example(); }
  std::string show(const std::string& field) const { return text.show(field); }
  void read(const Place& place, Reading& reading, std::string& field) const;
};

// A list of texts of one kind.
struct TextListKind {
  TextKind item;
  std::size_t items_max;

  std::string type() const;
  std::string example() const { return cat({"[", item.sample, "]"}); }
  std::string show(const std::vector<std::string>& field) const { return toml_list(field); }
  void read(const Place& place, Reading& reading, std::vector<std::string>& field) const;
};

// The items of an array as places of their own: key "listen[0]", each with its line.
std::vector<Place> items_of(const Place& place);
// The members of a table likewise: key "listen[0].tls".
std::vector<Place> members_of(const Place& place);
// Reports an array longer than `items_max`.
bool fits(const Place& place, Reading& reading, std::size_t items_max);

}  // namespace carillon::config
