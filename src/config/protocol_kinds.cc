#include "config/protocol_kinds.h"

#include <array>
#include <utility>

#include "config/auth_kinds.h"
#include "config/quantity.h"
#include "json/pointer.h"

namespace carillon::config {
namespace {

using Type = Requirement::Type;

constexpr std::array<std::pair<std::string_view, Type>, 7> kTypes{{{"any", Type::any},
                                                                   {"null", Type::null},
                                                                   {"boolean", Type::boolean},
                                                                   {"number", Type::number},
                                                                   {"string", Type::string},
                                                                   {"array", Type::array},
                                                                   {"object", Type::object}}};
constexpr std::string_view kQuery = "query:";
constexpr std::string_view kClaim = "claim:";
constexpr std::string_view kPath = "path:";
constexpr std::size_t kClaimBytesMax = 64;

// A claim may have any name, such as "https://example.com/rooms".
bool is_claim_name(std::string_view name) { return !name.empty() && name.size() <= kClaimBytesMax; }

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  names.reserve(std::size(kTypes));
  for (const auto& type : kTypes) names.emplace_back(type.first);
  return names;
}

// Reports what is wrong and answers nothing.
std::optional<Requirement> read_one(const Node& member, const Place& place, Reading& reading) {
  const Place at{member, {place.origin.source, member.line}, cat({place.key, ".", printable(member.name)})};
  if (const auto pointer = json::Pointer::parse(member.name); !pointer) {
    reading.fault(at, cat({quoted(member.name), " is no JSON Pointer: ", pointer.error().message,
                           "; write \"\" for the whole, or \"/type\""}));
    return std::nullopt;
  }
  if (member.kind != Node::Kind::string) {
    wrong_type(at, reading, "a type such as \"string\" or \"object?\"");
    return std::nullopt;
  }
  Requirement requirement;
  requirement.pointer = member.name;
  std::string_view word = member.text;
  if (word.ends_with('?')) {
    requirement.presence = Requirement::Presence::optional;
    word.remove_suffix(1);
  }
  for (const auto& [name, type] : kTypes) {
    if (name != word) continue;
    requirement.type = type;
    return requirement;
  }
  reading.fault(at, cat({quoted(member.text), " is not a type; write ", alternatives(type_names())}));
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Requirement::Type type) {
  for (const auto& [name, each] : kTypes) {
    if (each == type) return name;
  }
  return "";
}

std::string RequirementsKind::show(const std::vector<Requirement>& field) const {
  if (field.empty()) return "{}";
  std::string out = "{ ";
  for (const Requirement& each : field) {
    const std::string_view mark = each.presence == Requirement::Presence::optional ? "?" : "";
    out +=
        cat({out.size() > 2 ? ", " : "", toml_quoted(each.pointer), " = \"", name_of(each.type), mark, "\""});
  }
  return out + " }";
}

void RequirementsKind::read(const Place& place, Reading& reading, std::vector<Requirement>& field) const {
  if (place.node.kind != Node::Kind::table) {
    wrong_type(place, reading, cat({"a table such as ", example()}));
    return;
  }
  if (place.node.members.size() > kRequirementsMax) {
    reading.fault(place, cat({"has ", std::to_string(place.node.members.size()), " pointers; write at most ",
                              std::to_string(kRequirementsMax)}));
    return;
  }
  std::vector<Requirement> all;
  for (const Node& member : place.node.members) {
    if (auto one = read_one(member, place, reading)) all.push_back(std::move(*one));
  }
  if (all.size() == place.node.members.size()) field = std::move(all);
}

std::string JsonWordKind::type() const {
  return cat({"text, at most ", show_size(bytes_max), " bytes, or an integer or boolean"});
}

std::string JsonWordKind::show(const JsonWord& field) const {
  return field.kind == JsonWord::Kind::string ? toml_quoted(field.text) : field.text;
}

void JsonWordKind::read(const Place& place, Reading& reading, JsonWord& field) const {
  switch (place.node.kind) {
    case Node::Kind::string: {
      const std::size_t errors = reading.report.error_count();
      std::string text;
      TextKind{"text", sample, bytes_max, nullptr}.read(place, reading, text);
      if (reading.report.error_count() == errors) field = {std::move(text), JsonWord::Kind::string};
      return;
    }
    case Node::Kind::integer:
      field = {std::to_string(place.node.integer), JsonWord::Kind::number};
      return;
    case Node::Kind::boolean:
      field = {place.node.truth ? "true" : "false", JsonWord::Kind::boolean};
      return;
    default:
      wrong_type(place, reading, cat({"text such as ", sample, ", an integer or a boolean"}));
  }
}

void SelectedValuesKind::read(const Place& place, Reading& reading, std::vector<std::string>& field) const {
  Node texts = place.node;
  for (Node& item : texts.items) {
    if (item.kind == Node::Kind::integer) item.text = std::to_string(item.integer);
    if (item.kind == Node::Kind::boolean) item.text = item.truth ? "true" : "false";
    if (item.kind == Node::Kind::integer || item.kind == Node::Kind::boolean) item.kind = Node::Kind::string;
  }
  inner.read({texts, place.origin, place.key}, reading, field);
}

std::string SelectKind::show(const SelectSettings& field) const {
  switch (field.by) {
    case SelectBy::all:
      break;
    case SelectBy::query:
      return cat({"\"query:", field.parameter, "\""});
    case SelectBy::claim:
      return toml_quoted(cat({kClaim, field.parameter}));
    case SelectBy::path:
      return cat({"\"path:", field.parameter, "\""});
    case SelectBy::commands:
      return "\"commands\"";
  }
  return "\"all\"";
}

void SelectKind::read(const Place& place, Reading& reading, SelectSettings& field) const {
  const std::string& text = place.node.text;
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, type());
  } else if (text == "all") {
    field.by = SelectBy::all;
  } else if (text == "commands") {
    field.by = SelectBy::commands;
  } else if (text.starts_with(kQuery) && is_parameter_name(std::string_view(text).substr(kQuery.size()))) {
    field.by = SelectBy::query;
    field.parameter = text.substr(kQuery.size());
  } else if (text.starts_with(kClaim) && is_claim_name(std::string_view(text).substr(kClaim.size()))) {
    field.by = SelectBy::claim;
    field.parameter = text.substr(kClaim.size());
  } else if (text.starts_with(kPath) && is_parameter_name(std::string_view(text).substr(kPath.size()))) {
    field.by = SelectBy::path;
    field.parameter = text.substr(kPath.size());
  } else {
    reading.fault(place, cat({quoted(text), " is unknown; write ", type()}));
  }
}

}  // namespace carillon::config
