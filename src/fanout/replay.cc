#include "fanout/replay.h"

#include "fanout/lag_watch.h"

namespace carillon::fanout {

void Replay::cancel(std::uint32_t log) {
  std::erase_if(sources_, [log](const auto& each) { return each.log == log; });
}

std::uint32_t Replay::append_next(std::string& out, std::uint64_t until) {
  const std::size_t before = out.size();
  std::uint32_t events = 0;
  while (is_before_gap(until) && out.size() - before < kPieceBytes) {
    const std::uint32_t more = sources_.front().events->append_next(out, kPieceBytes - (out.size() - before));
    if (more == 0) sources_.erase(sources_.begin());
    events += more;
  }
  bytes_ += out.size() - before;
  return events;
}

// A piece counts when it is encoded, which is when all before it has been sent.
bool Replay::is_too_slow(std::uint32_t ms_max, std::uint32_t now_ms) const {
  const std::uint64_t elapsed = elapsed_ms(began_ms_, now_ms);
  if (elapsed >= ms_max) return true;
  return elapsed >= kGraceMs && bytes_ * 1000 < elapsed * kBytesPerSecondMin;
}

void Replay::restart(std::uint32_t now_ms) {
  began_ms_ = now_ms;
  bytes_ = 0;
}

}  // namespace carillon::fanout
