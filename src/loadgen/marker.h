// Searches payloads for a marker, which occurs once in each event when a frame may hold several events, and
// for event numbers, which prove that nothing is out of order.
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

// Counts non-overlapping occurrences of a text. All clients share one Marker; each client has only the length
// of its current partial match.
class Marker {
 public:
  static constexpr std::size_t kBytesMax = 200;

  // `text` has 1 to kBytesMax bytes.
  explicit Marker(std::string text);

  // Returns the number of occurrences that end in these bytes. `matched` is the length of the partial match
  // so far, 0 at the beginning; the call updates it.
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
  // Reads up to the end of the next number and removes what it has read from the front of `bytes`. Returns
  // nothing when no number ends in them; a number that begins in them is returned by a later call.
  std::optional<std::uint64_t> next(std::string_view& bytes);

 private:
  static constexpr std::string_view kName = "\"n\":";
  std::size_t matched_ = 0;
  bool in_digits_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace carillon::loadgen
