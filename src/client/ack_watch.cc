#include "client/ack_watch.h"

#include <utility>

namespace carillon::client {

AckWatch::Found AckWatch::look(std::uint32_t connection, SendState state, MonoTime now, seconds rest_within) {
  const Watched first{state.acked + state.waiting, state.acked, now, now};
  const auto [found, is_new] = watched_.try_emplace(connection, first);
  if (is_new) return Found::begun;
  Watched& watched = found->second;
  const std::uint64_t before = std::exchange(watched.acked, state.acked);
  const MonoClock::duration passed = now - std::exchange(watched.looked, now);
  if (state.acked <= before) return Found::stuck;
  if (state.acked >= watched.goal) {
    watched.goal = state.acked + state.waiting;
    return Found::arrived;
  }
  const auto moved = static_cast<double>(state.acked - before);
  const auto rest = static_cast<double>(watched.goal - state.acked);
  const bool in_time = rest * std::chrono::duration<double>(passed).count() <=
                       moved * static_cast<double>(rest_within.count());
  return in_time ? Found::moving : Found::stuck;
}

MonoClock::duration AckWatch::watched_for(std::uint32_t connection, MonoTime now) const {
  const auto found = watched_.find(connection);
  return found == watched_.end() ? MonoClock::duration{0} : now - found->second.since;
}

}  // namespace carillon::client
