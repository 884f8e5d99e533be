#include "app/vectors/vector_file.h"

#include <algorithm>
#include <utility>

#include "app/vectors/requests.h"
#include "app/vectors/step_rules.h"
#include "config/load.h"
#include "config/text.h"

namespace carillon::app {
namespace {

// The lines of `endpoints` and `server`, the vector's own or else its file's, as a configuration.
std::string toml_of(const json::Value& vector, const json::Value& file) {
  const auto lines = [&](std::string_view key) {
    return vector.find(key) ? vector.find(key) : file.find(key);
  };
  std::string toml;
  if (const auto server = lines("server")) {
    for (const json::Value& line : server->elements()) toml += "server." + line.string().value_or("") + "\n";
  }
  if (const auto endpoints = lines("endpoints")) {
    for (const json::Value& line : endpoints->elements()) toml += line.string().value_or("") + "\n";
  }
  return toml;
}

bool is_list_of_texts(const json::Value& value) {
  if (!value.is(json::Type::array)) return false;
  for (const json::Value& each : value.elements()) {
    if (!each.string()) return false;
  }
  return true;
}

}  // namespace

VectorFile::VectorFile(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {
  const auto parsed = json::parse(text_);
  if (!parsed) {
    const std::string_view until = std::string_view(text_).substr(0, parsed.error().offset);
    add_mistake(until.substr(until.size()), "it is not JSON: " + parsed.error().message());
    return;
  }
  check_keys(*parsed, {"about", "endpoints", "server", "vectors"}, "the file");
  const auto list = parsed->find("vectors");
  if (!list || !list->at(0)) {
    add_mistake(parsed->raw(), R"(write {"vectors": [{"name": "…", "steps": […]}]})");
    return;
  }
  for (const json::Value& each : list->elements()) {
    if (vectors_.size() == kVectorsMax) {
      add_mistake(each.raw(), "there are more than " + std::to_string(kVectorsMax) +
                                  " vectors; write another file, and name both");
      return;
    }
    if (mistakes_.size() < kMistakesMax) read_vector(each, *parsed);
  }
}

void VectorFile::read_vector(const json::Value& vector, const json::Value& file) {
  TestVector read{.name = text_at(vector, "name"), .line = line_of(vector.raw())};
  if (read.name.empty())
    add_mistake(vector.raw(), R"(a vector has no "name"; write a sentence that states its rule)");
  const bool is_second = std::any_of(vectors_.begin(), vectors_.end(),
                                     [&](const TestVector& each) { return each.name == read.name; });
  const std::string shown = "\"" + config::escaped(read.name) + "\"";
  if (is_second && !read.name.empty()) add_mistake(vector.raw(), shown + " is the name of two vectors");
  check_keys(vector, {"name", "endpoints", "server", "run", "steps"}, shown);
  const std::string run = text_at(vector, "run", "both");
  if (run != "both" && run != "engine" && run != "binary") {
    add_mistake(vector.raw(), shown + R"(: "run" must be "both", "engine" or "binary")");
  }
  read.is_skipped = run == "binary";
  for (const char* key : {"endpoints", "server"}) {
    const auto lines = vector.find(key) ? vector.find(key) : file.find(key);
    if (lines && !is_list_of_texts(*lines)) {
      add_mistake(lines->raw(), shown + ": \"" + key + "\" must be a list of lines of TOML");
    }
  }
  read.toml = toml_of(vector, file);
  read_steps(read, vector);
  vectors_.push_back(std::move(read));
}

void VectorFile::read_steps(TestVector& read, const json::Value& vector) {
  const std::string shown = "\"" + config::escaped(read.name) + "\"";
  const auto steps = vector.find("steps");
  if (!steps || !steps->at(0))
    return add_mistake(vector.raw(), shown + R"( has no "steps", and tests nothing)");
  StepChecker checker;
  for (const json::Value& step : steps->elements()) {
    if (read.steps.size() == kStepsMax) {
      return add_mistake(step.raw(), shown + " has more than " + std::to_string(kStepsMax) + " steps");
    }
    read.steps.push_back(step);
    const std::string fault = read.is_skipped ? std::string() : checker.check(step);
    if (fault.empty()) continue;
    add_mistake(step.raw(), shown + ", step " + std::to_string(read.steps.size()) + ": " + fault);
  }
}

void VectorFile::check_keys(const json::Value& object, const std::vector<std::string>& known,
                            const std::string& what) {
  for (const json::Member& member : object.members()) {
    const std::string name = member.name().value_or("");
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = config::nearest(name, known);
    add_mistake(member.raw_name,
                what + ": there is no \"" + config::escaped(name) + "\"" +
                    (near ? "; did you mean \"" + *near + "\"?" : "; there are " + config::joined(known)));
  }
}

// `part` is a view of the text.
std::size_t VectorFile::line_of(std::string_view part) const {
  const auto end = text_.begin() + (part.data() - text_.data());
  return 1 + static_cast<std::size_t>(std::count(text_.begin(), end, '\n'));
}

void VectorFile::add_mistake(std::string_view part, const std::string& message) {
  if (mistakes_.size() >= kMistakesMax) return;
  mistakes_.push_back(path_ + ":" + std::to_string(line_of(part)) + ": " + message);
}

}  // namespace carillon::app
