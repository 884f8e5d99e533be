// What is looked for inside payloads: a marker, which stands once in each event where a frame may hold
// several, and an event's number, which proves that nothing is out of order.
//
// Pure. Thread: one. Both are exact wherever the bytes are split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::loadgen {

// Counts occurrences of a text, none overlapping another. One for all clients; what differs between them is
// only how much of the text their last bytes ended with.
class Marker {
 public:
  static constexpr std::size_t kBytesMax = 200;

  // `text` has 1 to kBytesMax bytes.
  explicit Marker(std::string text);

  // Occurrences that end in these bytes. `matched`: bytes of the text that came last, 0 at the beginning;
  // it is brought forward.
  std::uint32_t count(std::string_view bytes, std::uint8_t& matched) const;
  const std::string& text() const { return text_; }

 private:
  std::uint32_t step_through(std::string_view bytes, std::uint8_t& matched) const;

  std::string text_;
  std::vector<std::uint8_t> fallback_;  // of a partial match to the next shorter one
};

// Finds `"n":123` and returns the number.
class NumberFinder {
 public:
  // Goes through the bytes up to the end of the next number and takes what it has read off their front.
  // Nothing when no number ends in them; a number that they only begin is told with the bytes to come.
  std::optional<std::uint64_t> next(std::string_view& bytes);

 private:
  static constexpr std::string_view kName = "\"n\":";
  std::size_t matched_ = 0;
  bool in_digits_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace carillon::loadgen
