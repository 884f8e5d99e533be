// The arithmetic of a shutdown. Pure: takes times and counts.
//
// The closes are spread evenly over a window; after it the last bytes have up to 2 s to be sent. Requests
// that were accepted may take as long as the longest window plus those 2 s. A delay may come before all of it
// (node_drain.h).
#pragma once

#include <cstdint>

#include "base/time.h"

namespace carillon::gateway {

// Why the clients are closed.
enum class DrainKind : std::uint8_t {
  shutdown,  // upgrades are refused from now on
  handover   // another process accepts from the same sockets; who has been accepted here is served first
};

// The settings of a drain.
struct DrainTimes {
  milliseconds delay{0};    // server.drain_delay
  milliseconds longest{0};  // server.drain: of the window
  std::uint32_t rate = 1;   // server.drain_rate: clients per second
};

// Returns min(longest, clients / rate): a few clients are closed at once, many over the whole of `longest`.
milliseconds drain_window(milliseconds longest, std::uint64_t clients, std::uint32_t rate);

// DrainPace: how many clients a shard closes by which time.
class DrainPace {
 public:
  // The most closes per turn; further ones follow in the next turns.
  static constexpr std::uint64_t kClosesATurn = 1024;
  static constexpr milliseconds kStep{20};
  // The shortest wait of a client before it reconnects, without jitter.
  static constexpr milliseconds kReturnDelayMin{1000};

  DrainPace(MonoTime begin, milliseconds window, std::uint64_t clients)
      : begin_(begin), window_(window), clients_(clients) {}

  std::uint64_t due(MonoTime now) const;
  void on_closed() { ++closed_; }
  void on_no_client_left() { closed_ = clients_; }  // the others have left by themselves
  bool done() const { return closed_ == clients_; }
  MonoTime next_wake(MonoTime now) const;

  // How long the client that is closed next should wait before it reconnects, without jitter. Clients return
  // as evenly as they are closed; where the window is too short for the rate of returns, which takes
  // `returns` for all clients, those that are closed later wait longer.
  milliseconds return_delay(milliseconds returns) const;

 private:
  std::uint64_t due_in_all(MonoTime now) const;

  MonoTime begin_;
  milliseconds window_;
  std::uint64_t clients_;
  std::uint64_t closed_ = 0;
};

// DrainEnd: when the process may end.
class DrainEnd {
 public:
  static constexpr seconds kLastBytes{2};

  DrainEnd(MonoTime begin, milliseconds window, milliseconds longest)
      : clients_until_(begin + window + kLastBytes), requests_until_(begin + longest + kLastBytes) {}

  // `clients` and `requests` are those that are left.
  bool is_over(MonoTime now, std::uint64_t clients, std::uint64_t requests) const;

 private:
  MonoTime clients_until_;
  MonoTime requests_until_;
};

}  // namespace carillon::gateway
