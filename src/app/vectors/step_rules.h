// The steps of vectors: which there are, which members each may have, and what a member must be. Checks a
// vector before it runs, so that a mistake in it is never taken for one of the profile.
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.h"

namespace carillon::app {

// How large the members of a step may be.
inline constexpr std::int64_t kCountMax = 10'000;                   // `count` and `times`
inline constexpr std::size_t kClientsMax = 100'000;                 // of a vector
inline constexpr std::int64_t kRepeatMax = 16 * 1024 * 1024;        // `repeat`
inline constexpr std::int64_t kMessageBytesMax = 16 * 1024 * 1024;  // of a message with its repetitions

// StepChecker: checks the steps of one vector, in their order.
class StepChecker {
 public:
  // Returns what is wrong with a step and what to write instead; empty: nothing.
  std::string check(const json::Value& step);

 private:
  std::string check_client(const json::Value& step, std::string_view verb);
  std::string add_clients(const json::Value& step);

  std::set<std::string, std::less<>> clients_;  // that are connected by the steps before
};

}  // namespace carillon::app
