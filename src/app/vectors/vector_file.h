// A file of vectors: what a protocol does, as data. docs/protocols/your-own.md describes its form, which is
// that of protocol/vectors.
//
// Bounded: kVectorsMax vectors of kStepsMax steps; the reader of files limits their bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/reader.h"

namespace carillon::app {

// A vector that has been checked. Its values are views of the file's text.
struct TestVector {
  std::string name;
  std::size_t line = 0;  // in the file
  std::vector<json::Value> steps = {};
  std::string toml = {};    // its own endpoints and settings of [server]; empty: those of the profile alone
  bool is_skipped = false;  // it needs a real process ("run": "binary")
};

// VectorFile: the vectors of one file, and everything that is wrong with it. Immutable.
class VectorFile {
 public:
  static constexpr std::size_t kVectorsMax = 1000;
  static constexpr std::size_t kStepsMax = 1000;
  static constexpr std::size_t kMistakesMax = 20;  // the rest are not looked for

  // `path` is for messages.
  VectorFile(std::string path, std::string text);
  VectorFile(const VectorFile&) = delete;
  VectorFile& operator=(const VectorFile&) = delete;

  const std::string& path() const { return path_; }
  const std::vector<TestVector>& vectors() const { return vectors_; }
  // One line each: the file and line, the vector, the step, and what to write. Empty: the file is good.
  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  void read_vector(const json::Value& vector, const json::Value& file);
  void read_steps(TestVector& read, const json::Value& vector);
  void check_keys(const json::Value& object, const std::vector<std::string>& known, const std::string& what);
  std::size_t line_of(std::string_view part) const;
  void add_mistake(std::string_view part, const std::string& message);

  const std::string path_;
  const std::string text_;
  std::vector<TestVector> vectors_;
  std::vector<std::string> mistakes_;
};

}  // namespace carillon::app
