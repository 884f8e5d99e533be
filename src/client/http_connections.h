// HttpConnections: tracks the sockets of one shard that speak HTTP, and decides which one is closed first
// when there are too many in total or from one client address.
//
// A connection is waiting (its next request head is not complete), in a request, or idle (kept alive between
// two requests, or answered and waiting for the peer to close). The one that has been idle longest is closed
// first. When none is idle, the one that has waited longest is closed, if it has waited for kPatience: a
// client sends its head at once, and during a reconnect storm no client is closed because the gateway is
// slow. Connections in a request are never closed.
//
// Thread: the shard's. A connection that becomes a WebSocket is no longer tracked. HttpConnections outlives
// its places.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace carillon::client {

class HttpConnections {
 public:
  using Index = std::uint32_t;  // of the connection, as everywhere in the shard
  static constexpr auto kPatience = std::chrono::seconds(1);

  struct Limits {
    std::uint64_t connections;
    std::optional<std::uint64_t> of_one_address;  // nothing: off
  };

 private:
  enum class Standing : std::uint8_t { waiting, in_request, idle };
  struct Entry {
    Index index = 0;
    Standing standing = Standing::waiting;
    bool counted = false;      // in addresses_
    std::size_t position = 0;  // there
    MonoTime since{};          // accepted, or idle
    IpAddress address;
  };
  using Entries = std::list<Entry>;
  using Handle = Entries::iterator;

 public:
  // Held by a connection while it speaks HTTP; its destructor removes the connection. May be empty.
  class Place {
   public:
    Place() = default;
    Place(HttpConnections& owner, Handle entry) : owner_(&owner), entry_(entry) {}
    Place(Place&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), entry_(other.entry_) {}
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        leave();
        owner_ = std::exchange(other.owner_, nullptr);
        entry_ = other.entry_;
      }
      return *this;
    }
    ~Place() { leave(); }

    // These do nothing for an empty place.
    void note_partial_head() const { move_to(Standing::waiting); }
    void note_request() const { move_to(Standing::in_request); }
    void note_idle(MonoTime now) const {
      if (!owner_) return;
      entry_->since = now;
      move_to(Standing::idle);
    }
    // When it was accepted, or became idle.
    MonoTime since() const { return owner_ ? entry_->since : MonoTime{}; }
    bool is_idle() const { return owner_ && entry_->standing == Standing::idle; }

   private:
    friend class HttpConnections;
    void move_to(Standing standing) const {
      if (owner_) owner_->move(entry_, standing);
    }
    void leave() {
      if (HttpConnections* const owner = std::exchange(owner_, nullptr)) owner->leave(entry_);
    }

    HttpConnections* owner_ = nullptr;
    Handle entry_{};
  };

  explicit HttpConnections(Limits limits) : limits_(limits) {}
  HttpConnections(const HttpConnections&) = delete;
  HttpConnections& operator=(const HttpConnections&) = delete;

  // Connections over a lower limit stay until they end.
  void set_limits(Limits limits) { limits_ = limits; }
  std::uint64_t connections_max() const { return limits_.connections; }
  std::uint64_t size() const { return size_; }
  bool has_room() const { return size_ < limits_.connections; }
  bool counts_addresses() const { return limits_.of_one_address.has_value(); }
  bool has_room_for(const IpAddress& address) const;

  // Adds a new connection that waits for its first request. It is not refused: check has_room() before
  // accept().
  Place enter(Index index, MonoTime now);
  // Counts the connection for an address (a limit group). Call once.
  void count_for(const Place& place, const IpAddress& address);

  // The process did not run for a while: all waiting connections get kPatience from now on.
  void note_stall(MonoTime now) { patience_from_ = now; }

  // The connection to close now; nothing when all are in a request or have not waited long enough.
  std::optional<Index> first_to_close(MonoTime now) const;
  std::optional<Index> first_to_close_of(const IpAddress& address, MonoTime now) const;
  // Whether a connection may be closed soon, if none can be now.
  bool some_wait() const { return !list_of(Standing::waiting).empty(); }

 private:
  struct HashAddress {
    std::size_t operator()(const IpAddress& address) const noexcept;
  };

  Entries& list_of(Standing standing) { return lists_[static_cast<std::size_t>(standing)]; }
  const Entries& list_of(Standing standing) const { return lists_[static_cast<std::size_t>(standing)]; }
  void move(Handle entry, Standing standing);
  void leave(Handle entry);
  void uncount(Handle entry);
  bool has_waited(const Entry& entry, MonoTime now) const {
    return now - std::max(entry.since, patience_from_) >= kPatience;
  }

  Limits limits_;
  MonoTime patience_from_{};
  std::uint64_t size_ = 0;
  Entries lists_[3];  // by standing; the longest in that standing first
  Entries unused_;    // reused, so that a connection costs no allocation
  std::unordered_map<IpAddress, std::vector<Handle>, HashAddress> addresses_;
};

}  // namespace carillon::client
