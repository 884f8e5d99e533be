// Requirements: the compiled members and types that a JSON document must have.
//
// Pure; any thread. The documents are valid JSON.
#pragma once

#include <string_view>
#include <vector>

#include "config/settings.h"
#include "json/outline.h"
#include "json/pointer.h"

namespace carillon::protocol {

// One required member: its pointer and type.
struct Requirement {
  json::Pointer pointer;
  config::Requirement::Type type;
  config::Requirement::Presence presence;
};

// The pointers must be valid; config/ has checked them.
std::vector<Requirement> compile_requirements(const std::vector<config::Requirement>& settings);

bool meets(const std::vector<Requirement>& requirements, json::Outline& document);
inline bool meets(const std::vector<Requirement>& requirements, std::string_view valid_json) {
  json::Outline document(valid_json);
  return meets(requirements, document);
}

}  // namespace carillon::protocol
