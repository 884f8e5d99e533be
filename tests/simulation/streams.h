// Stream: what one client must receive of one list of a node's feed, and whether it does: from the moment
// when it subscribed, every event, in order, and each once.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "feed.h"

namespace carillon::simulation {

class Stream {
 public:
  // `types`: of grimnir's events, those that the client selected; nothing: all events.
  // The subscription began after the entry before `earliest` and before the entry `latest` (as orders of the
  // feed): which of the events between them it receives depends on the moment. None has a number up to
  // `after`.
  Stream(const Feed& feed, const FeedList& list, std::optional<std::set<std::string>> types,
         std::uint64_t earliest, std::uint64_t latest, std::uint64_t after, bool ends_at_gap)
      : feed_(&feed),
        list_(&list),
        types_(std::move(types)),
        earliest_(earliest),
        latest_(latest),
        after_(after),
        ends_at_gap_(ends_at_gap) {}

  // False when this event may not come now: it was not published for this client, it is out of order, it
  // came before, or one before it is missing. `number`: of its position; 0: it has none.
  bool accept(std::uint32_t serial, std::uint64_t number);
  // Whether every event of the feed with an order below `until` has come.
  bool has_all(std::uint64_t until) const;
  std::uint64_t accepted() const { return accepted_; }
  // The order of the event that was accepted last: of the first and of the last one that it may have been.
  std::pair<std::uint64_t, std::uint64_t> last_orders() const;

 private:
  static bool is_same(const FeedEntry& entry, std::uint32_t serial, std::uint64_t number) {
    return entry.serial == serial && (number == 0 || entry.number == number);
  }
  bool concerns(const FeedEntry& entry) const {
    return entry.serial != 0 && entry.number > after_ &&
           (!types_ || types_->contains(feed_->type_of(entry.serial)));
  }
  std::size_t first_from(std::uint64_t order) const;

  const Feed* feed_;
  const FeedList* list_;
  std::optional<std::set<std::string>> types_;
  std::uint64_t earliest_;
  std::uint64_t latest_;
  std::uint64_t after_;
  bool ends_at_gap_;
  // Where in the list the next event may stand. More than one only where an event has come twice on the bus.
  std::vector<std::size_t> next_;
  std::uint64_t accepted_ = 0;
};

}  // namespace carillon::simulation
