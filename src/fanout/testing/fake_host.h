#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fanout/fan_out.h"
#include "fanout/testing/received.h"

namespace carillon::fanout::testing {

inline constexpr std::size_t kOpen = std::numeric_limits<std::size_t>::max();

struct FakeSocket {
  std::string received;
  std::size_t capacity = kOpen;
  bool broken = false;
  bool holds_back = false;         // takes bytes and reports blocked, as TLS may
  std::size_t held_back = 0;       // how many bytes it reports to hold
  std::vector<int> piece_counts;   // of each write
  std::vector<std::size_t> asked;  // bytes, of each write

  std::vector<std::string> payloads() const { return payloads_in(received); }
  std::size_t writes() const { return asked.size(); }
};

// FakeHost: a socket for each subscriber that takes as many bytes as the test allows, and slices that
// end after as many calls as the test sets. For tests.
class FakeHost final : public FanOutHost, public FanOutSamples {
 public:
  WriteResult write(SubscriberId id, const iovec* pieces, int count) override {
    FakeSocket& socket = at(id);
    order.push_back(id);
    if (socket.broken) return {0, WriteResult::State::broken};
    std::size_t asked = 0;
    std::size_t written = 0;
    for (int i = 0; i < count; ++i) {
      const std::size_t taken = std::min(pieces[i].iov_len, socket.capacity);
      socket.received.append(static_cast<const char*>(pieces[i].iov_base), taken);
      if (socket.capacity != kOpen) socket.capacity -= taken;
      written += taken;
      asked += pieces[i].iov_len;
    }
    socket.piece_counts.push_back(count);
    socket.asked.push_back(asked);
    if (on_write) on_write(id, written == asked);
    const bool ok = written == asked && !socket.holds_back;
    return {written, ok ? WriteResult::State::ok : WriteResult::State::blocked};
  }

  bool append_gap_frame(SubscriberId id, LogId log, const LagGap& gap, std::string& out) override {
    if (!sends_gaps) return false;
    const std::string frame = text_frame("gap " + std::to_string(log) + " " + std::to_string(gap.count));
    last_gap = gap;
    if (on_gap) on_gap(id, log, gap.count, frame);
    out += frame;
    return true;
  }

  std::size_t held_back(SubscriberId id) const override {
    return id < sockets_.size() ? sockets_[id].held_back : 0;
  }

  // The length of a slice: how often this returns false.
  bool slice_is_over() override {
    if (slice_left == 0) return true;
    --slice_left;
    return false;
  }

  void note_delivery(std::uint32_t received) override { sampled.push_back(received); }
  void note_recipients(std::uint32_t subscribers) override { recipients.push_back(subscribers); }

  FakeSocket& at(SubscriberId id) {
    if (id >= sockets_.size()) sockets_.resize(id + 1);
    return sockets_[id];
  }

  std::vector<std::uint32_t> sampled;     // by note_delivery()
  std::vector<std::uint32_t> recipients;  // by note_recipients()
  bool sends_gaps = true;
  LagGap last_gap;  // that was reported
  std::size_t slice_left = kOpen;
  std::vector<SubscriberId> order;  // the recipients of the writes
  std::function<void(SubscriberId, bool whole)> on_write;
  std::function<void(SubscriberId, LogId, std::uint32_t count, const std::string& frame)> on_gap;

 private:
  std::vector<FakeSocket> sockets_;
};

}  // namespace carillon::fanout::testing
