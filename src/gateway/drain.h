// Drain: the arithmetic of a shutdown. Pure: fed times and counts.
//
// The closes are decided evenly over a window. After it up to 2 s are left for the last bytes to leave.
// Requests that were accepted may take as long as the longest window, and those 2 s.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace carillon::gateway {

// min(longest, clients / rate): a few clients are closed at once, many over the whole of `longest`.
milliseconds drain_window(milliseconds longest, std::uint64_t clients, std::uint32_t rate);

// How many clients a shard closes when.
class DrainPace {
 public:
  // A turn closes no more: what is due beyond that follows in the next turns.
  static constexpr std::uint64_t kClosesATurn = 1024;
  static constexpr milliseconds kStep{20};

  DrainPace(MonoTime begin, milliseconds window, std::uint64_t clients)
      : begin_(begin), window_(window), clients_(clients) {}

  std::uint64_t due(MonoTime now) const;
  void on_closed() { ++closed_; }
  void on_no_client_left() { closed_ = clients_; }  // the rest has left by itself
  bool done() const { return closed_ == clients_; }
  MonoTime next_wake(MonoTime now) const;

 private:
  std::uint64_t due_in_all(MonoTime now) const;

  MonoTime begin_;
  milliseconds window_;
  std::uint64_t clients_;
  std::uint64_t closed_ = 0;
};

// Whether the process may end.
class DrainEnd {
 public:
  static constexpr seconds kLastBytes{2};

  DrainEnd(MonoTime begin, milliseconds window, milliseconds longest)
      : clients_until_(begin + window + kLastBytes), requests_until_(begin + longest + kLastBytes) {}

  // Clients and requests that are left.
  bool is_over(MonoTime now, std::uint64_t clients, std::uint64_t requests) const;

 private:
  MonoTime clients_until_;
  MonoTime requests_until_;
};

}  // namespace carillon::gateway
