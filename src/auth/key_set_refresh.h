// KeySetRefresh: decides when the document of one key set is fetched, and until when its last good keys are
// used.
//
// A set is fetched when it is first needed, before its age allows, and when a token names a key that it does
// not have: one fetch at a time, and never two within `min_interval`, whatever clients send. A fetch that
// fails is repeated after a growing delay; meanwhile the last good keys stay in use for `stale_max` beyond
// their age.
//
// Pure: the caller passes in the times and the outcomes. Thread: one at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace carillon::auth {

// The limits of one key set; config/options.cc has their bounds and meaning.
struct KeySetTimes {
  milliseconds min_interval{30'000};
  milliseconds age_max{3'600'000};
  milliseconds stale_max{86'400'000};
  milliseconds wait{2'000};
  bool operator==(const KeySetTimes&) const = default;
};

class KeySetRefresh {
 public:
  static constexpr milliseconds kRetryMax{
      300'000};  // the longest delay after a failure, unless min_interval is

  explicit KeySetRefresh(const KeySetTimes& times) : times_(times) {}

  const KeySetTimes& times() const { return times_; }
  // New limits apply from the next fetch on.
  void set_times(const KeySetTimes& times) { times_ = times; }

  // Whether a document with a missing key may arrive soon: a fetch is under way, or may begin now.
  enum class Answer : std::uint8_t { wait, not_now };
  Answer on_missing_key(MonoTime now);

  // Returns whether a fetch begins now; the caller must then report how it ended.
  bool begin_if_due(MonoTime now);
  // The fetch brought a usable document; `max_age` is its Cache-Control's, if it has one.
  void on_success(MonoTime now, std::optional<seconds> max_age);
  // The fetch brought nothing that can be used.
  void on_failure(MonoTime now);

  // Whether the last good keys may no longer be used. False when there are none.
  bool is_too_old(MonoTime now) const { return keep_until_ && now >= *keep_until_; }
  // The keys have been dropped because they were too old.
  void on_dropped() { keep_until_.reset(); }

  // When begin_if_due() or is_too_old() may next return true.
  MonoTime next_event() const;

 private:
  KeySetTimes times_;
  MonoTime due_ = MonoTime::min();
  MonoTime allowed_from_ = MonoTime::min();
  std::optional<MonoTime> keep_until_;
  std::uint32_t failures_ = 0;  // in a row
  bool in_flight_ = false;
  bool wanted_ = false;  // by a token
};

}  // namespace carillon::auth
