// CARILLON_ASSERT(condition): aborts when a condition is false that only a bug in Carillon can violate. It is
// on in release builds too. Never use it for anything that a peer, a broker or a file can cause.
#pragma once

namespace carillon {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

// Ends the process without a drain, with a line on stderr: no memory is left, or a shard cannot go on.
[[noreturn]] void end_process(const char* why, const char* detail) noexcept;

}  // namespace carillon

#define CARILLON_ASSERT(condition)                     \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::carillon::assertion_failed(#condition, __FILE__, __LINE__))
