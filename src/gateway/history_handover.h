// HistoryHandover: how the history and the numbers of a process pass to one that takes over, so that clients
// resume there as if nothing had happened (docs/decisions/40-history-in-a-takeover.md).
//
// Both processes receive the same events from the bus, each over connections of its own. The old one
// publishes a marker. When it comes back, all that came before it is in the history of the old process, which
// is handed over with the number of the last event; all that comes after it is numbered by both in the same
// way, until one of them has a gap (Router::share_numbers).
//
// Thread: loop 0's. Owner: the Node.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/event_gate.h"
#include "gateway/event_history.h"
#include "gateway/inherited_sockets.h"
#include "gateway/router.h"
#include "reactor/loop.h"

namespace carillon::gateway {

// What a process hands over when its marker has come back.
struct OfferedHistory {
  std::string sources;           // what decides which events have a number
  std::uint64_t last_event = 0;  // the number of the last event before the marker
  // An endpoint with a history.
  struct Store {
    std::string endpoint;  // its name
    std::string source;    // what decides which events it has, and their channels and tags
    std::uint64_t gap_floor = 0;
  };
  std::vector<Store> stores;
  std::vector<history::Snapshot> snapshots;  // of the same; only in the process that offers them
};

class HistoryHandover {
 public:
  // How long the old process waits for its marker; and the new one, once the other has seen it.
  static constexpr milliseconds kMarkerPatience{3000};

  struct Parts {
    EventGate& gate;
    Router& router;
    EventHistory& history;
    reactor::Loop& loop;
    std::string sources;                        // OfferedHistory::sources
    std::string node_id;                        // unlike any other process's
    std::optional<InheritedNumbers> inherited;  // nothing: this process takes nothing over
  };
  // The bus is given later, by set_bus(), because the gate is its sink.
  explicit HistoryHandover(Parts parts);
  ~HistoryHandover();
  HistoryHandover(const HistoryHandover&) = delete;
  HistoryHandover& operator=(const HistoryHandover&) = delete;

  void set_bus(bus::Bus& bus) { bus_ = &bus; }

  // --- the old process ---
  // What the other one must know before it starts. Nothing: there is nothing to hand over.
  std::optional<InheritedNumbers> numbers() const;
  using Offered = std::function<void(Result<OfferedHistory>)>;
  // Publishes the marker, and calls `done` when it has come back, or with the reason why not. One at a time.
  void offer(std::string_view marker, Offered done);

  // --- the process that takes over, before it has clients ---
  // Whether it waits for the history of the other process: until adopt() or give_up(). Never where no
  // endpoint has a history.
  bool is_waiting() const { return is_waiting_; }
  // The marker that the other process must publish.
  const std::string& marker() const { return parts_.node_id; }
  // Whether the marker has come, or can count for nothing any more.
  bool has_marker() const { return parts_.gate.state() != EventGate::State::waiting; }
  // Uses what it can of the history, of which `bytes` are what history::write_snapshots() made, and passes on
  // the events after the marker. Returns how many events the history had. Fails, and gives up, when the two
  // processes would not number events alike.
  Result<std::uint64_t> adopt(const OfferedHistory& offered, std::string_view bytes);
  // Begins as after a gap: no position of the other process is recovered here.
  void give_up();

 private:
  void on_marker(std::string_view marker);
  void end_offer(Result<OfferedHistory> result);

  const Parts parts_;
  bus::Bus* bus_ = nullptr;
  bool is_waiting_;
  std::string marker_;  // of the offer
  Offered offered_;     // null: no offer is under way
  reactor::Loop::TimerId timer_ = 0;
};

}  // namespace carillon::gateway
