#pragma once

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
};

// `Kind` knows one type of value: type(), example(), read(place, reading, field), show(field).
template <class Kind, class Field>
Option option(std::string_view key, Kind kind, Field& field, std::string_view help) {
  return {key,
          kind.type(),
          help,
          kind.show(field),
          kind.example(),
          [kind, &field](const Place& place, Reading& reading) { kind.read(place, reading, field); },
          [kind, &field] { return kind.show(field); }};
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

// Where each key was written, in the last layer that wrote it.
using Written = std::vector<std::pair<std::string, Origin>>;
bool is_written(const Written& written, std::string_view key);
Origin origin_in(const Written& written, std::string_view key, const Origin& otherwise);

}  // namespace carillon::config
