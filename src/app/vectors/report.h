// VectorReport: what `carillon profile test` prints, as text for people or as one JSON object.
//
// Thread: one. Whatever a file or a client has in it cannot reach the terminal as an escape sequence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/vectors/vector_file.h"
#include "app/vectors/vector_run.h"

namespace carillon::app {

class VectorReport {
 public:
  static constexpr std::size_t kShownBytesMax = 2000;  // of one text, in the form for people

  enum class Form : std::uint8_t { text, json };
  explicit VectorReport(Form form) : form_(form) {}

  // Adds the result of a vector. Returns what is to be printed now.
  std::string add(const VectorFile& file, const TestVector& vector,
                  const std::optional<VectorFailure>& failure);
  // Returns what is to be printed after the last vector.
  std::string end();

  // Nothing was run: every mistake, as a JSON object.
  static std::string mistakes_as_json(const std::vector<std::string>& mistakes);
  // The text without control characters and not longer than kShownBytesMax.
  static std::string for_terminal(std::string_view text);

 private:
  std::string add_text(const TestVector& vector, const std::optional<VectorFailure>& failure) const;
  void add_json(const VectorFile& file, const TestVector& vector,
                const std::optional<VectorFailure>& failure);

  const Form form_;
  std::string json_;  // the elements so far
  std::size_t held_ = 0;
  std::size_t failed_ = 0;
  std::size_t skipped_ = 0;
};

}  // namespace carillon::app
