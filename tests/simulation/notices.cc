#include "notices.h"

#include <algorithm>

#include "recovery.h"

namespace carillon::simulation {

void NoticeExpectations::begin(int shard, std::uint64_t earliest, std::uint64_t latest) {
  shard_ = shard;
  told_ = {node_.feed->gaps_before(earliest), node_.feed->gaps_before(latest)};
  status_.interruption = told_.least;
}

void NoticeExpectations::begin_after(std::uint64_t number) {
  told_.least = told_.most = node_.feed->gaps_before(node_.feed->order_after(number));
}

// A gap that came before the client was sent the frame for an earlier one is reported together with that, in
// its place. So it is while any client of the shard has not been sent that frame: the gap may then come too
// early for the others.
NoticeExpectations::Fault NoticeExpectations::check_gap(std::string_view before, std::uint64_t latest,
                                                        std::uint64_t& place) {
  if (!node_.reports_gaps(profile_)) return "a gap of the bus, which its endpoint does not report";
  const auto position = number_of(before, node_);
  if (!position && !before.empty()) return "a gap of the bus after a position that is none of this node";
  const std::uint64_t number = position.value_or(0) + 1;
  const FeedList& gaps = node_.feed->gaps();
  const auto& places = node_.shards[static_cast<std::size_t>(shard_)].gap_places;
  const auto named =
      std::find_if(gaps.begin(), gaps.end(), [number](const FeedEntry& gap) { return gap.number == number; });
  if (named == gaps.end()) return "a gap of the bus after " + std::to_string(number - 1) + ", where none was";
  const auto index = static_cast<std::size_t>(named - gaps.begin());
  const std::size_t written = std::min(node_.feed->gaps_before(latest), places.size());
  std::size_t told = told_.least;
  while (told < written && (index > told || index < places[told])) ++told;
  if (told == written) return "a gap of the bus after " + std::to_string(number - 1) + " that it was told of";
  place = named->order;
  if (places[told] == told) place_ = named->order;
  told_ = {told + 1, std::max(told_.most, written)};
  status_.gap_since = true;
  if (!status_.degraded) status_.interruption = std::max(status_.interruption, told_.least);
  return std::nullopt;
}

NoticeExpectations::Fault NoticeExpectations::check_degraded() {
  if (!node_.plan.notices_of(profile_).status) return "a frame of the bus that its endpoint does not have";
  if (status_.degraded) return "it is told twice that the bus is lost";
  if (status_.interruption >= node_.feed->losses().size()) return "it is told of a loss that was none";
  status_.degraded = true;
  status_.gap_since = false;
  return std::nullopt;
}

// In an interruption the gap comes between the two.
NoticeExpectations::Fault NoticeExpectations::check_restored() {
  if (!std::exchange(status_.degraded, false)) return "the bus is back, and it was not told of its loss";
  if (status_.interruption >= node_.feed->gaps().size()) return "the bus is back, and it is not";
  if (node_.reports_gaps(profile_) && !status_.gap_since)
    return "the bus is back before its gap was reported";
  status_.interruption = std::max(status_.interruption + 1, told_.least);
  return std::nullopt;
}

NoticeExpectations::Fault NoticeExpectations::check_event(
    std::pair<std::uint64_t, std::uint64_t> orders) const {
  if (!node_.reports_gaps(profile_)) return std::nullopt;
  const FeedList& gaps = node_.feed->gaps();
  if (told_.most < gaps.size() && gaps[told_.most].order < orders.first) {
    return "comes after a gap of the bus that the client was not told of";
  }
  if (orders.second < place_) return "comes before a gap of the bus that the client was told of";
  return std::nullopt;
}

NoticeExpectations::Fault NoticeExpectations::check_position(std::uint64_t number) const {
  if (!node_.reports_gaps(profile_)) return std::nullopt;
  const FeedList& gaps = node_.feed->gaps();
  if (told_.most == gaps.size() || gaps[told_.most].number > number) return std::nullopt;
  return "a position after a gap of the bus that it was not told of";
}

NoticeExpectations::Fault NoticeExpectations::missing() const {
  const Feed& feed = *node_.feed;
  if (node_.reports_gaps(profile_) && told_.most < feed.gaps().size()) {
    return "was not told of a gap of the bus";
  }
  if (status_.degraded && feed.gaps().size() == feed.losses().size()) {
    return "was not told that the bus is back";
  }
  return std::nullopt;
}

}  // namespace carillon::simulation
