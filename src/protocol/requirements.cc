#include "protocol/requirements.h"

#include <algorithm>
#include <utility>

#include "json/reader.h"

namespace carillon::protocol {
namespace {

bool is_of(json::Type type, config::Requirement::Type wanted) {
  using Wanted = config::Requirement::Type;
  switch (wanted) {
    case Wanted::any:
      return true;
    case Wanted::null:
      return type == json::Type::null;
    case Wanted::boolean:
      return type == json::Type::boolean;
    case Wanted::number:
      return type == json::Type::number;
    case Wanted::string:
      return type == json::Type::string;
    case Wanted::array:
      return type == json::Type::array;
    case Wanted::object:
      return type == json::Type::object;
  }
  return false;
}

bool meets_one(const Requirement& requirement, json::Outline& document) {
  const auto raw = document.find(requirement.pointer);
  if (!raw) return requirement.presence == config::Requirement::Presence::optional;
  return is_of(json::Value::of_valid(*raw).type(), requirement.type);
}

}  // namespace

std::vector<Requirement> compile_requirements(const std::vector<config::Requirement>& settings) {
  std::vector<Requirement> compiled;
  for (const config::Requirement& each : settings) {
    if (auto pointer = json::Pointer::parse(each.pointer)) {
      compiled.push_back({std::move(*pointer), each.type, each.presence});
    }
  }
  return compiled;
}

bool meets(const std::vector<Requirement>& requirements, json::Outline& document) {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&document](const Requirement& each) { return meets_one(each, document); });
}

}  // namespace carillon::protocol
