#include "client/accept_gate.h"

#include <utility>

namespace carillon::client {

void AcceptGate::begin(std::shared_ptr<reactor::DescriptorBudget> descriptors) {
  descriptors_ = std::move(descriptors);
  spare_.open();
  begun_ = true;
}

AcceptGate::Next AcceptGate::next(std::uint64_t limit, MonoTime now) {
  short_ = std::exchange(none_left_, false) || !descriptors_->has_room(limit);
  if (!short_ && http_.has_room()) return Next::accept;
  if (const auto index = http_.first_to_close(now)) {
    to_close_ = *index;
    return Next::close_one;
  }
  // Waiting connections send their request, or can be closed, within HttpConnections::kPatience.
  if (http_.some_wait() || spare_.is_lent()) return Next::wait;
  return Next::accept_essential;
}

}  // namespace carillon::client
