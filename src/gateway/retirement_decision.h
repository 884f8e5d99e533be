// RetirementDecision: when the extra listening sockets of one address are closed. They are the sockets after
// the first ones, which the process keeps, and get no new connections; but handshakes that began before may
// still end in their queues, and closing a socket resets what is in its queue.
//
// So an extra socket is closed when its queue is empty and it has accepted nothing for kQuiet, and only the
// last one of them, because then the others keep their place in the kernel's group
// (reactor/reuseport_group.h). If the kernel had them in another order, an extra socket would still get
// connections, and so would never be quiet: a wrong belief costs a socket that stays open, and no connection.
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace carillon::gateway {

class RetirementDecision {
 public:
  // A handshake takes this long when three of its packets are lost: the kernel sends each again after 1, 2
  // and 4 s.
  static constexpr seconds kQuiet{10};
  // No handshake takes longer: the kernel gives up after about a minute.
  static constexpr seconds kGiveUpAfter{120};

  enum class Verdict : std::uint8_t { wait, close_last, give_up };
  // What is known of an extra socket.
  struct Extra {
    std::uint64_t accepted;  // connections, since it was opened here
    bool has_waiting;
  };

  // `now`: when new connections began to go elsewhere.
  explicit RetirementDecision(MonoTime now) : progress_at_(now) {}

  // `extra`: all extra sockets that are still open, in the order of the group. After close_last call it again
  // without that one. give_up: none could be closed for kGiveUpAfter.
  Verdict judge(std::span<const Extra> extra, MonoTime now);

 private:
  struct Seen {
    std::uint64_t accepted;
    MonoTime quiet_since;
  };

  MonoTime progress_at_;
  std::vector<Seen> seen_;
};

}  // namespace carillon::gateway
