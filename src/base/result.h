// A value, or the reason why there is none.
//
// What a peer, a broker or a file can cause is a Result; what only our own bug can cause is a
// CARILLON_ASSERT (assert.h). Nothing that comes from outside throws.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace carillon {

// What went wrong, in words for the person who can mend it: what, where, and what to write instead.
struct Error {
  std::string message;
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

inline tl::unexpected<Error> failure(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace carillon
