// ListenerRetirement: closes listening sockets that a process has inherited and does not need, because it has
// fewer shards than the process before, without resetting a connection that waits in one of them.
//
// For each address with more sockets than shards it steers new connections to the first ones
// (reactor::steer_to_first), goes on accepting from the others, and closes them when they are quiet
// (RetirementDecision). Where the kernel refuses to steer, all sockets stay.
//
// Thread: loop 0's, whose shard has all extra sockets.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "client/listeners.h"
#include "gateway/retirement_decision.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class ListenerRetirement {
 public:
  // How long a process that has been given copies of the sockets may need until it accepts from them, or has
  // failed.
  static constexpr seconds kHold{60};

  // `listeners`: of shard 0. `kept`: how many sockets of each address stay. All outlive this object.
  ListenerRetirement(reactor::Loop& loop, client::Listeners& listeners, std::size_t kept, Log& log)
      : loop_(loop), listeners_(listeners), kept_(kept), log_(log) {}
  ~ListenerRetirement() { loop_.cancel(timer_); }
  ListenerRetirement(const ListenerRetirement&) = delete;
  ListenerRetirement& operator=(const ListenerRetirement&) = delete;

  // Call once, when no other process accepts from the sockets any more. The addresses that have no extra
  // socket get rid of what a process before, which has not finished, has set.
  void begin();
  // Another process gets copies of the sockets now: nothing is closed, and the steering does not change, for
  // kHold. Otherwise the kernel could give connections to sockets that no process accepts from yet.
  void hold();

 private:
  struct Address {
    std::size_t number;  // in server.listen
    std::string text;
    RetirementDecision decision;
  };

  void begin_with(std::size_t number);
  void look();
  bool retire(Address& address);
  // The sockets of an address that this process keeps on shard 0, or does not keep, in the group's order.
  enum class Which { kept, extra };
  std::vector<const client::Listener*> find(std::size_t number, Which which) const;

  reactor::Loop& loop_;
  client::Listeners& listeners_;
  const std::size_t kept_;
  Log& log_;
  std::vector<Address> addresses_;  // those with extra sockets
  MonoTime held_until_ = MonoTime::min();
  reactor::Loop::TimerId timer_ = 0;
};

}  // namespace carillon::gateway
