#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"
#include "config/node.h"
#include "config/report.h"

namespace carillon::config {

// One value with its place in the configuration.
struct Place {
  const Node& node;
  Origin origin;
  std::string key;  // the full key, for messages: "endpoint[0].keepalive.ping"
};

// What reading a value may need.
struct Reading {
  const Environment& environment;
  Report& report;

  void fault(const Place& place, std::string_view message) { report.error(place.origin, place.key, message); }
};

// When a process that is running uses a changed value.
enum class Applies : std::uint8_t { at_reload, at_restart };

// Option: the declaration of one setting. Parsing, defaults, `explain`, docs/configuration.md and the notes
// of `carillon check` all use it, so they cannot disagree.
//
// A table of options has references into one object and must not outlive it.
struct Option {
  std::string_view key;                              // below its table: "keepalive.ping"
  std::string type;                                  // "duration, 10ms to 1h", for people
  std::string_view help;                             // one line
  std::string default_text;                          // as it would be written, or in words
  std::string example;                               // a value, as it would be written
  std::function<void(const Place&, Reading&)> read;  // leaves the field alone where it reports a fault
  std::function<std::string()> show;                 // the field as TOML; never a secret
  // `other` is the same option of other settings. Secrets are compared as well.
  std::function<bool(const Option& other)> is_as_in;
  std::function<void(const Option& other)> copy_from;
  const void* field = nullptr;  // what it refers to
  Applies applies = Applies::at_reload;
};

// Whether two values of a kind are the same. Where the text that shows them leaves out a secret, the kind
// compares them itself.
template <class Kind, class Field>
bool are_the_same(const Kind& kind, const Field& a, const Field& b) {
  if constexpr (requires { kind.same(a, b); }) {
    return kind.same(a, b);
  } else {
    return kind.show(a) == kind.show(b);
  }
}

// `Kind` knows one type of value: type(), example(), read(place, reading, field), show(field).
template <class Kind, class Field>
Option option(std::string_view key, Kind kind, Field& field, std::string_view help) {
  return {key,
          kind.type(),
          help,
          kind.show(field),
          kind.example(),
          [kind, &field](const Place& place, Reading& reading) { kind.read(place, reading, field); },
          [kind, &field] { return kind.show(field); },
          [kind, &field](const Option& other) {
            return are_the_same(kind, field, *static_cast<const Field*>(other.field));
          },
          [&field](const Option& other) { field = *static_cast<const Field*>(other.field); },
          &field};
}

// Marks an option whose changed value a running process cannot use.
std::string_view name_of(Applies applies);  // "reload", "restart"
inline Option at_restart(Option made) {
  made.applies = Applies::at_restart;
  return made;
}
inline std::vector<Option> at_restart(std::vector<Option> made) {
  for (Option& each : made) each.applies = Applies::at_restart;
  return made;
}

// Sets the text of a default that is not the field's initial value.
inline Option with_default(Option made, std::string_view in_words) {
  made.default_text = in_words;
  return made;
}

// Sets an example when the kind's own example would contradict another option.
inline Option with_example(Option made, std::string_view example) {
  made.example = example;
  return made;
}

void write_down(Written& written, std::string_view key, const Origin& origin);
bool is_written(const Written& written, std::string_view key);
Origin origin_in(const Written& written, std::string_view key, const Origin& otherwise);

}  // namespace carillon::config
