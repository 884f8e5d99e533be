// For tests: an environment and files that live in maps, and short ways to load a text with them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace carillon::config {

struct FakeWorld {
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  Environment environment() const {
    return {[this](std::string_view name) -> std::optional<std::string> {
              const auto found = variables.find(std::string(name));
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            [this](std::string_view path) -> Result<std::string> {
              const auto found = files.find(std::string(path));
              if (found == files.end()) return failure("No such file or directory");
              return found->second;
            },
            [this] {
              std::vector<std::string> names;
              for (const auto& [name, value] : variables) names.push_back(name);
              return names;
            }};
  }
};

inline constexpr std::string_view kGoodSecret = "0123456789abcdef0123456789abcdef";

// A world where an orion endpoint needs nothing else.
inline FakeWorld good_world() {
  return {{{"CARILLON_JWT_SECRET", std::string(kGoodSecret)}, {"CARILLON_API_KEY", "publish-key-0123456789"}},
          {}};
}

inline Loaded load_in(const FakeWorld& world, std::string_view text) {
  return load(text, "gateway.toml", world.environment());
}

inline Loaded load_good(std::string_view text) { return load_in(good_world(), text); }

inline std::vector<std::string> texts_of(const std::vector<Problem>& problems) {
  std::vector<std::string> out;
  out.reserve(problems.size());
  for (const auto& problem : problems) out.push_back(problem.text());
  return out;
}

// The settings of one endpoint with these lines in it, on lines 3 and after.
inline std::string orion_with(std::string_view lines) {
  return "[[endpoint]]\nprofile = \"orion\"\n" + std::string(lines) + "\n";
}

}  // namespace carillon::config
