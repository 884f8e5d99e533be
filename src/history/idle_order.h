#pragma once

#include "history/channel.h"

namespace carillon::history {

// IdleOrder: the channels of all stores by when they got their latest event. It does not own them.
//
// Thread: the Budget's. Each operation takes constant time.
class IdleOrder {
 public:
  // Returns the channel that has had no event for the longest time; null when there is no channel.
  Channel* most_idle() const { return most_idle_; }

  void add(Channel& channel) {
    channel.more_idle = least_idle_;
    channel.less_idle = nullptr;
    (least_idle_ ? least_idle_->less_idle : most_idle_) = &channel;
    least_idle_ = &channel;
  }
  void remove(Channel& channel) {
    (channel.more_idle ? channel.more_idle->less_idle : most_idle_) = channel.less_idle;
    (channel.less_idle ? channel.less_idle->more_idle : least_idle_) = channel.more_idle;
  }
  void on_event(Channel& channel) {
    if (least_idle_ == &channel) return;
    remove(channel);
    add(channel);
  }

 private:
  Channel* most_idle_ = nullptr;
  Channel* least_idle_ = nullptr;
};

}  // namespace carillon::history
