// Result: a value, or the reason why there is none.
//
// Errors that a peer, a broker or a file can cause are a Result; errors that only a bug can cause are a
// CARILLON_ASSERT (assert.h). No external input makes the program throw.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace carillon {

// An error message for the person who can fix it: what is wrong, where, and what to write instead.
struct Error {
  std::string message;
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

inline tl::unexpected<Error> failure(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace carillon
