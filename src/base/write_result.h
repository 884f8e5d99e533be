// WriteResult: the outcome of one gathered write to a client.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carillon {

// What a write accepted, and whether the caller may write more. The state can be `blocked` although every
// byte was accepted: a transport that still holds some of them (TLS) must not be given more.
struct WriteResult {
  // ok: write again at any time; after fewer bytes than asked for, writability is reported later.
  // blocked: wait until writability is reported.
  // broken: the connection takes no more bytes.
  enum class State : std::uint8_t { ok, blocked, broken };
  std::size_t written = 0;
  State state = State::ok;
};

}  // namespace carillon
