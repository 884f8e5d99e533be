#include "gateway/retirement_decision.h"

namespace carillon::gateway {

RetirementDecision::Verdict RetirementDecision::judge(std::span<const Extra> extra, MonoTime now) {
  if (extra.size() < seen_.size()) progress_at_ = now;
  seen_.resize(extra.size(), {0, now});
  for (std::size_t i = 0; i < extra.size(); ++i) {
    if (extra[i].accepted == seen_[i].accepted && !extra[i].has_waiting) continue;
    seen_[i] = {extra[i].accepted, now};
  }
  if (!seen_.empty() && now - seen_.back().quiet_since >= kQuiet) return Verdict::close_last;
  return now - progress_at_ >= kGiveUpAfter ? Verdict::give_up : Verdict::wait;
}

}  // namespace carillon::gateway
