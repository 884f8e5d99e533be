// WireVector: one golden vector of protocol/vectors/*.json, and how its texts are interpreted.
// protocol/vectors/README.md describes the format.
//
// A Value here is a view of the file's text, which lives as long as the WireVectors that read it.
#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "json/reader.h"

namespace carillon::gateway::testing {

// --- lenient reading of JSON: what is missing or of another type is empty ---

inline std::string text_of(const std::optional<json::Value>& value, std::string otherwise = {}) {
  if (!value) return otherwise;
  return value->string().value_or(std::move(otherwise));
}
inline std::string text_at(const json::Value& object, std::string_view name, std::string otherwise = {}) {
  return text_of(object.find(name), std::move(otherwise));
}
inline std::int64_t number_at(const json::Value& object, std::string_view name, std::int64_t otherwise) {
  const auto value = object.find(name);
  return value ? value->integer().value_or(otherwise) : otherwise;
}
inline std::vector<std::string> texts_at(const json::Value& object, std::string_view name) {
  std::vector<std::string> texts;
  if (const auto list = object.find(name)) {
    for (const json::Value& each : list->elements()) texts.push_back(text_of(each));
  }
  return texts;
}

// A value as it is sent: the text of a string; anything else as written, without white space.
inline std::string wire_text(const json::Value& value) {
  if (value.is(json::Type::string)) return text_of(value);
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < value.raw().size(); ++i) {
    const char c = value.raw()[i];
    if (quoted && c == '\\') {
      out.append(value.raw().substr(i++, 2));
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (quoted || (c != ' ' && c != '\n' && c != '\r' && c != '\t')) out += c;
  }
  return out;
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// Replaces $time_s and $time_ms by the moment at which the text was sent.
inline std::string at_time(std::string text, WallTime time) {
  return replaced(replaced(std::move(text), "$time_s", rfc3339_seconds(time)), "$time_ms",
                  rfc3339_milliseconds(time));
}

// "15s", "250ms", "1m"; nothing for anything else.
inline std::optional<milliseconds> duration_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (fault != std::errc()) return std::nullopt;
  if (unit == "ms") return milliseconds(number);
  if (unit == "s") return seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  return std::nullopt;
}

inline std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    int byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// --- the files ---

struct WireVector {
  std::string name;
  json::Value vector;
  json::Value file;

  // Whether all of its steps need the real binary.
  bool is_for_the_binary_only() const { return text_at(vector, "run") == "binary"; }
  // The lines of `endpoints` and `server`, the vector's own or its file's, as a configuration.
  std::string toml() const {
    std::string out;
    for (const std::string& line : lines("server")) out += "server." + line + "\n";
    for (const std::string& line : lines("endpoints")) out += line + "\n";
    return out;
  }

 private:
  std::vector<std::string> lines(std::string_view key) const {
    return texts_at(vector.find(key) ? vector : file, key);
  }
};

struct WireVectors {
  std::vector<std::unique_ptr<std::string>> texts;
  std::vector<WireVector> vectors;
  std::vector<std::string> problems;  // each one is reported as a failure: an unread vector must not pass

  void read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    texts.push_back(std::make_unique<std::string>(std::istreambuf_iterator<char>(stream),
                                                  std::istreambuf_iterator<char>()));
    const auto parsed = json::parse(*texts.back());
    const auto list = parsed ? parsed->find("vectors") : std::nullopt;
    if (!list || list->elements().begin() == list->elements().end()) {
      problems.push_back(path.filename().string() + " holds no vectors" +
                         (parsed ? "" : ": " + parsed.error().message()));
      return;
    }
    for (const json::Value& each : list->elements()) add({text_at(each, "name"), each, *parsed});
  }

  void read_all(const std::filesystem::path& folder) {
    std::error_code fault;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder, fault)) {
      if (entry.path().extension() == ".json") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) read(path);
    if (paths.empty()) problems.push_back("no vectors are in " + folder.string());
  }

 private:
  void add(WireVector vector) {
    static constexpr std::string_view kKeys[] = {"name", "run", "server", "endpoints", "steps"};
    for (const json::Member& member : vector.vector.members()) {
      if (std::find(std::begin(kKeys), std::end(kKeys), member.raw_name) == std::end(kKeys)) {
        problems.push_back(vector.name + ": vectors have no " + std::string(member.raw_name));
      }
    }
    const std::string run = text_at(vector.vector, "run", "both");
    if (run != "both" && run != "engine" && run != "binary")
      problems.push_back(vector.name + ": run is " + run);
    if (vector.name.empty() || !names_.insert(vector.name).second) {
      problems.push_back("a vector has no name of its own: \"" + vector.name + "\"");
    }
    vectors.push_back(std::move(vector));
  }

  std::set<std::string> names_;
};

}  // namespace carillon::gateway::testing
