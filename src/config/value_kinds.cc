#include "config/value_kinds.h"

#include <algorithm>

#include "config/path.h"
#include "config/quantity.h"

namespace carillon::config {
namespace {

std::string bounds(const std::string& min, const std::string& max) { return cat({min, " to ", max}); }

}  // namespace

std::string shape_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::string:
      return "a string";
    case Node::Kind::integer:
      return "an integer";
    case Node::Kind::real:
      return "a float";
    case Node::Kind::boolean:
      return "a boolean";
    case Node::Kind::date:
      return "a date or time";
    case Node::Kind::array:
      return "an array";
    case Node::Kind::table:
      return "a table";
  }
  return "a value";
}

std::string got(const Node& node) {
  if (node.kind == Node::Kind::string) return "the string " + quoted(node.text);
  if (node.kind == Node::Kind::integer) return "the integer " + std::to_string(node.integer);
  if (node.kind == Node::Kind::boolean) return node.truth ? "the boolean true" : "the boolean false";
  return shape_of(node);
}

void wrong_type(const Place& place, Reading& reading, std::string_view expected) {
  reading.fault(place, cat({"expected ", expected, ", got ", got(place.node)}));
}

// --- numbers, sizes, limits ---------------------------------------------------------------------

std::string NumberKind::type() const { return "number, " + bounds(std::to_string(min), std::to_string(max)); }

std::optional<std::uint64_t> NumberKind::value(const Place& place, Reading& reading) const {
  if (place.node.kind != Node::Kind::integer) {
    wrong_type(place, reading, "a number such as " + std::to_string(min));
    return std::nullopt;
  }
  const std::int64_t given = place.node.integer;
  if (given < 0 || static_cast<std::uint64_t>(given) < min || static_cast<std::uint64_t>(given) > max) {
    reading.fault(place, cat({std::to_string(given), " is out of bounds; write a number from ",
                              bounds(std::to_string(min), std::to_string(max))}));
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(given);
}

std::string SizeKind::type() const { return "size, " + bounds(show_size(min), show_size(max)); }

std::string SizeKind::example() const { return show(std::clamp<std::uint64_t>(16 * 1024, min, max)); }

std::string SizeKind::show(std::uint64_t value) const {
  const std::string text = show_size(value);
  return text.back() == 'B' ? cat({"\"", text, "\""}) : text;
}

std::optional<std::uint64_t> SizeKind::value(const Place& place, Reading& reading) const {
  std::optional<std::uint64_t> bytes;
  if (place.node.kind == Node::Kind::string) {
    bytes = parse_size(place.node.text);
  } else if (place.node.kind == Node::Kind::integer && place.node.integer >= 0) {
    bytes = static_cast<std::uint64_t>(place.node.integer);
  } else if (place.node.kind == Node::Kind::integer) {
    bytes = 0;  // below every minimum: reported as out of bounds
  }
  if (!bytes) {
    wrong_type(place, reading, R"(a size such as 65536, "64KiB" or "1MiB")");
    return std::nullopt;
  }
  if (*bytes < min || *bytes > max) {
    const std::string given =
        place.node.kind == Node::Kind::string ? quoted(place.node.text) : std::to_string(place.node.integer);
    reading.fault(place, cat({given, " is out of bounds; write a size from ", bounds(show(min), show(max))}));
    return std::nullopt;
  }
  return bytes;
}

std::string LimitKind::type() const {
  return cat({"limit, ", bounds("1", std::to_string(max)), ", or \"off\""});
}

void LimitKind::read(const Place& place, Reading& reading, Limit& field) const {
  const Node& node = place.node;
  if (node.kind == Node::Kind::string && node.text == "off") {
    field = Limit::off();
  } else if (node.kind != Node::Kind::integer) {
    wrong_type(place, reading, "a number of at least 1 or \"off\"");
  } else if (node.integer == 0) {
    reading.fault(place, "0 never means unlimited; write \"off\"");
  } else if (node.integer < 0 || static_cast<std::uint64_t>(node.integer) > max) {
    reading.fault(place, cat({std::to_string(node.integer), " is out of bounds; write a number from ",
                              bounds("1", std::to_string(max)), ", or \"off\""}));
  } else {
    field = Limit::of(static_cast<std::uint64_t>(node.integer));
  }
}

void SizeLimitKind::read(const Place& place, Reading& reading, Limit& field) const {
  if (place.node.kind == Node::Kind::string && place.node.text == "off") {
    field = Limit::off();
  } else if (place.node.kind == Node::Kind::integer && place.node.integer == 0) {
    reading.fault(place, "0 never means unlimited; write \"off\"");
  } else if (const auto bytes = inner.value(place, reading)) {
    field = Limit::of(*bytes);
  }
}

// --- durations ----------------------------------------------------------------------------------

std::string DurationKind::type() const {
  return "duration, " + bounds(show_duration(min), show_duration(max));
}
std::string DurationKind::example() const { return show(std::clamp(milliseconds(30000), min, max)); }
std::string DurationKind::show(milliseconds field) const { return cat({"\"", show_duration(field), "\""}); }

std::optional<milliseconds> DurationKind::value(const Place& place, Reading& reading,
                                                std::string_view or_off) const {
  std::optional<milliseconds> duration;
  if (place.node.kind == Node::Kind::string) duration = parse_duration(place.node.text);
  if (!duration) {
    wrong_type(place, reading, cat({"a duration such as \"250ms\", \"30s\", \"5m\" or \"1h\"", or_off}));
    return std::nullopt;
  }
  if (*duration < min || *duration > max) {
    reading.fault(place, cat({quoted(place.node.text), " is out of bounds; write a duration from ",
                              bounds(show(min), show(max)), or_off}));
    return std::nullopt;
  }
  return duration;
}

void DurationKind::read(const Place& place, Reading& reading, milliseconds& field) const {
  if (const auto duration = value(place, reading, "")) field = *duration;
}

std::string OptionalDurationKind::show(const std::optional<milliseconds>& field) const {
  return field ? inner.show(*field) : "\"off\"";
}

void OptionalDurationKind::read(const Place& place, Reading& reading,
                                std::optional<milliseconds>& field) const {
  if (place.node.kind == Node::Kind::string && place.node.text == "off") {
    field.reset();
  } else if (const auto duration = inner.value(place, reading, ", or \"off\"")) {
    field = *duration;
  }
}

void WholeSecondsKind::read(const Place& place, Reading& reading, seconds& field) const {
  const auto duration = inner.value(place, reading, "");
  if (!duration) return;
  const auto whole = std::chrono::floor<seconds>(*duration);
  if (whole != *duration) {
    reading.fault(place, quoted(place.node.text) + " is not whole seconds; write \"1s\" or more");
  } else {
    field = whole;
  }
}

// --- switches and words -------------------------------------------------------------------------

std::optional<bool> SwitchKind::value(const Place& place, Reading& reading) const {
  const Node& node = place.node;
  if (node.kind == Node::Kind::boolean) return node.truth;
  if (node.kind == Node::Kind::string && (node.text == "on" || node.text == "off")) return node.text == "on";
  wrong_type(place, reading, "\"on\" or \"off\"");
  return std::nullopt;
}

void SwitchKind::read(const Place& place, Reading& reading, bool& field) const {
  if (const auto truth = value(place, reading)) field = *truth;
}

void SwitchKind::read(const Place& place, Reading& reading, Switch& field) const {
  if (const auto truth = value(place, reading)) field = *truth ? Switch::on : Switch::off;
}

std::optional<std::size_t> word_in(const Place& place, Reading& reading,
                                   const std::vector<std::string>& names) {
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, alternatives(names));
    return std::nullopt;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == place.node.text) return i;
  }
  const auto near = nearest(place.node.text, names);
  const std::string hint = near ? cat({"did you mean \"", *near, "\"?"}) : "write " + alternatives(names);
  reading.fault(place, cat({quoted(place.node.text), " is unknown; ", hint}));
  return std::nullopt;
}

// --- texts --------------------------------------------------------------------------------------

std::string TextKind::type() const {
  return cat({what, ", at most ", show_size(bytes_max), bytes_max % 1024 == 0 ? "" : " bytes"});
}

void TextKind::read(const Place& place, Reading& reading, std::string& field) const {
  const Node& node = place.node;
  if (node.kind != Node::Kind::string) {
    wrong_type(place, reading, cat({what, " such as ", sample}));
  } else if (node.text.size() > bytes_max) {
    reading.fault(place, cat({"is ", std::to_string(node.text.size()), " bytes long; write at most ",
                              std::to_string(bytes_max), " bytes"}));
  } else if (auto complaint = check ? check(node.text) : std::nullopt) {
    reading.fault(place, std::move(*complaint));
  } else {
    field = node.text;
  }
}

void PathKind::read(const Place& place, Reading& reading, std::string& field) const {
  std::string written;
  text.read(place, reading, written);
  if (!written.empty()) field = path_beside(place.origin.source, written);
}

std::string TextListKind::type() const {
  return cat({"array of ", item.type(), " each, at most ", std::to_string(items_max)});
}

void TextListKind::read(const Place& place, Reading& reading, std::vector<std::string>& field) const {
  if (place.node.kind != Node::Kind::array) {
    wrong_type(place, reading, cat({"an array such as ", example()}));
    return;
  }
  if (!fits(place, reading, items_max)) return;
  const std::size_t errors = reading.report.error_count();
  std::vector<std::string> texts;
  for (const Place& at : items_of(place)) {
    texts.emplace_back();
    item.read(at, reading, texts.back());
  }
  if (reading.report.error_count() == errors) field = std::move(texts);
}

std::vector<Place> items_of(const Place& place) {
  std::vector<Place> out;
  for (std::size_t i = 0; i < place.node.items.size(); ++i) {
    const Node& item = place.node.items[i];
    const std::uint32_t line = item.line != 0 ? item.line : place.origin.line;
    out.push_back({item, {place.origin.source, line}, cat({place.key, "[", std::to_string(i), "]"})});
  }
  return out;
}

std::vector<Place> members_of(const Place& place) {
  std::vector<Place> out;
  for (const Node& member : place.node.members) {
    const std::uint32_t line = member.line != 0 ? member.line : place.origin.line;
    out.push_back({member, {place.origin.source, line}, cat({place.key, ".", printable(member.name)})});
  }
  return out;
}

bool fits(const Place& place, Reading& reading, std::size_t items_max) {
  if (place.node.items.size() <= items_max) return true;
  reading.fault(place, cat({"has ", std::to_string(place.node.items.size()), " items; write at most ",
                            std::to_string(items_max)}));
  return false;
}

}  // namespace carillon::config
