// `carillon profile test`: runs a profile against vectors, and prints which of them hold.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command/verbs.h"
#include "app/terminal.h"
#include "app/vectors/report.h"
#include "app/vectors/tested_profile.h"
#include "app/vectors/vector_file.h"
#include "app/vectors/vector_run.h"
#include "app/vectors/virtual_gateway.h"
#include "config/load.h"

namespace carillon::app {
namespace {

constexpr std::string_view kSuffix = ".toml";
constexpr std::string_view kVectorsSuffix = ".vectors.json";

using Files = std::vector<std::unique_ptr<VectorFile>>;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Returns what is wrong with the arguments; empty: nothing.
std::string fault_of(const ProfileTestArguments& arguments) {
  const std::string& profile = arguments.profile;
  if (profile.ends_with(kSuffix)) return {};
  std::vector<std::string> names;
  for (const config::Profile& each : config::embedded_profiles()) names.emplace_back(each.name);
  if (std::find(names.begin(), names.end(), profile) == names.end()) {
    const auto near = config::nearest(profile, names);
    return "no profile \"" + profile + "\"; " +
           (near ? "did you mean " + *near + "?" : "write the path of a file that ends in .toml");
  }
  if (!arguments.vectors.empty()) return {};
  return "name the file of the vectors: carillon profile test " + profile + " " + profile +
         std::string(kVectorsSuffix);
}

std::vector<std::string> paths_of(const ProfileTestArguments& arguments) {
  if (!arguments.vectors.empty()) return arguments.vectors;
  return {arguments.profile.substr(0, arguments.profile.size() - kSuffix.size()) +
          std::string(kVectorsSuffix)};
}

// Reads the files; what is wrong with them is added to `mistakes`.
Files read_files(const std::vector<std::string>& paths, std::vector<std::string>& mistakes) {
  Files files;
  const config::Environment environment = config::Environment::of_process();
  for (const std::string& path : paths) {
    auto text = environment.read_file(path);
    if (!text) {
      mistakes.push_back(path + ": " + text.error().message + "; write what the profile does into it");
      continue;
    }
    files.push_back(std::make_unique<VectorFile>(path, std::move(*text)));
    const auto& found = files.back()->mistakes();
    mistakes.insert(mistakes.end(), found.begin(), found.end());
  }
  return files;
}

// Checks the settings of every vector, and the profile alone where one uses it, or none could be read; what
// is wrong with them is added to `mistakes`.
void check_settings(const TestedProfile& profile, const Files& files, std::vector<std::string>& mistakes) {
  bool uses_profile_alone = !mistakes.empty();
  for (const auto& file : files) {
    for (const TestVector& vector : file->vectors()) {
      uses_profile_alone = uses_profile_alone || vector.toml.empty();
      if (vector.toml.empty() || vector.is_skipped) continue;
      const auto settings = profile.settings(vector.toml);
      if (settings) continue;
      for (const std::string& error : settings.error()) {
        mistakes.push_back(file->path() + ":" + std::to_string(vector.line) + ": \"" + vector.name +
                           "\", its configuration: " + error);
      }
    }
  }
  if (!uses_profile_alone) return;
  if (const auto alone = profile.settings(""); !alone) {
    mistakes.insert(mistakes.begin(), alone.error().begin(), alone.error().end());
  }
}

std::optional<VectorFailure> run_vector(const TestVector& vector, const TestedProfile& profile) {
  auto settings = profile.settings(vector.toml);
  if (!settings)
    return VectorFailure{.mismatch = {settings.error().front()}};  // a file has changed meanwhile
  auto gateway = VirtualGateway::create(std::move(*settings));
  if (!gateway) return VectorFailure{.mismatch = {gateway.error().message}};
  return VectorRun(vector, **gateway, profile.keys()).run();
}

int run_files(const TestedProfile& profile, const Files& files, VectorReport& report) {
  bool all_hold = true;
  for (const auto& file : files) {
    for (const TestVector& vector : file->vectors()) {
      const auto failure = vector.is_skipped ? std::nullopt : run_vector(vector, profile);
      all_hold = all_hold && !failure;
      print(report.add(*file, vector, failure));
    }
  }
  print(report.end());
  return all_hold ? 0 : 1;
}

}  // namespace

int run_profile_test(const ProfileTestArguments& arguments) {
  std::vector<std::string> mistakes;
  if (std::string fault = fault_of(arguments); !fault.empty()) {
    if (!arguments.json) return fail(fault + "\nTry: carillon profile test --help", 2);
    mistakes.push_back(std::move(fault));
  }
  const TestedProfile profile(arguments.profile);
  Files files;
  if (mistakes.empty()) {
    files = read_files(paths_of(arguments), mistakes);
    check_settings(profile, files, mistakes);
  }
  if (!mistakes.empty()) {
    if (arguments.json) {
      print(VectorReport::mistakes_as_json(mistakes));
    } else {
      for (const std::string& mistake : mistakes)
        std::fprintf(stderr, "%s\n", VectorReport::for_terminal(mistake).c_str());
    }
    return 2;
  }
  VectorReport report(arguments.json ? VectorReport::Form::json : VectorReport::Form::text);
  return run_files(profile, files, report);
}

}  // namespace carillon::app
