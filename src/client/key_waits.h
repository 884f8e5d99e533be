// KeyWaits: the upgrades of one shard whose token names a key that is not known yet, while the key set that
// may have it is fetched.
//
// Each waits in its HttpExchange, which holds a Place, until the key sets change or its time is over; then it
// is judged again. At most `waiting_max` wait: others are refused, so that a flood of unknown keys cannot
// occupy all HTTP connections.
//
// Pure: the caller passes in the times. Thread: the shard's. A Place may outlive it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/time.h"
#include "client/client_id.h"

namespace carillon::client {

class KeyWaits {
 public:
  static constexpr std::size_t kWaitingMax = 1024;

  // Counts one upgrade while it waits. May be empty.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : count_(std::move(other.count_)), until_(std::exchange(other.until_, MonoTime::max())) {}
    Place& operator=(Place&& other) noexcept {
      if (this != &other) {
        leave();
        count_ = std::move(other.count_);
        until_ = std::exchange(other.until_, MonoTime::max());
      }
      return *this;
    }
    ~Place() { leave(); }

    bool is_waiting() const { return count_ != nullptr; }
    // When it is refused at the latest; MonoTime::max() when it does not wait.
    MonoTime until() const { return until_; }

   private:
    friend class KeyWaits;
    Place(std::shared_ptr<std::size_t> count, MonoTime until) : count_(std::move(count)), until_(until) {
      ++*count_;
    }
    void leave() {
      if (count_) --*count_;
      count_.reset();
      until_ = MonoTime::max();
    }

    std::shared_ptr<std::size_t> count_;
    MonoTime until_ = MonoTime::max();
  };

  explicit KeyWaits(std::size_t waiting_max = kWaitingMax) : waiting_max_(waiting_max) {}

  // Returns nothing when too many wait.
  std::optional<Place> enter(ClientId client, MonoTime until);
  // The upgrade was judged again, and goes on waiting in its Place.
  void stay(ClientId client) { waiting_.push_back(client); }

  // The key sets have changed, or a fetch has failed: take_next() returns everyone that waits, once.
  void judge_all();
  // The next upgrade to be judged again. It may have left, or be refused already.
  std::optional<ClientId> take_next();
  bool has_next() const { return !next_.empty(); }

  std::size_t size() const { return *count_; }

 private:
  const std::size_t waiting_max_;
  std::shared_ptr<std::size_t> count_ = std::make_shared<std::size_t>(0);
  std::deque<ClientId> waiting_;  // those that have left stay until judge_all()
  std::deque<ClientId> next_;
};

}  // namespace carillon::client
