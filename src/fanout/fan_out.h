#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ref.h"
#include "base/reserved_array.h"
#include "base/time.h"
#include "base/write_result.h"
#include "fanout/event_log.h"
#include "fanout/frame.h"
#include "fanout/inline_list.h"
#include "fanout/lag_watch.h"
#include "fanout/log_note.h"
#include "fanout/members.h"
#include "fanout/outbox.h"
#include "fanout/subscription.h"

namespace carillon::fanout {

using SubscriberId = std::uint32_t;  // the host's dense connection index
using LogId = std::uint32_t;
using LogOwner = std::uint8_t;  // a number of the caller's, by which it finds the index that has the log

// The encoding of the frames that a subscriber receives.
enum class Encoding : std::uint8_t { plain, compressed };

// The owner of the sockets, which the engine calls to write.
class FanOutHost {
 public:
  // One gathered write to the subscriber's socket, now. After `blocked`, and after `ok` with fewer bytes than
  // requested, the host calls on_writable() as soon as the subscriber can take more.
  virtual WriteResult write(SubscriberId subscriber, const iovec* pieces, int count) = 0;
  // Appends the frame that reports `count` missed events of this log; returns false when the
  // endpoint has no such frame.
  virtual bool append_gap_frame(SubscriberId subscriber, LogId log, std::uint32_t count,
                                std::string& out) = 0;
  // Asked between writes: has this slice had its time?
  virtual bool slice_is_over() = 0;
  // Bytes that write() reported as written and that still wait in the transport (TLS), not in the kernel.
  virtual std::size_t held_back(SubscriberId subscriber) const = 0;

 protected:
  ~FanOutHost() = default;
};

// What the engine has decided about a subscriber; the host carries it out after the slice.
struct Verdict {
  enum class What : std::uint8_t {
    broken,         // the socket refused bytes for good
    slow_by_bytes,  // lag rule: close it, and not gently
    slow_by_age,
    slow_by_memory,  // the budget of all events is exhausted, and it is the furthest behind here
    overrun,         // our own fault: it was not slow, the log dropped what it had not been sent
    finished         // finish(): everything and the last bytes are out
  };
  SubscriberId subscriber;
  What what;
};

// Options of a FanOut.
struct FanOutOptions {
  FrameMemory& memory;                                     // of the process; outlives the engine
  std::uint32_t log_bytes_hard_max = 1024U * 1024 * 1024;  // one log: its offsets have 32 bits
  std::uint32_t outbox_bytes_max = 64 * 1024;
};

// Written by the shard's thread. Plain numbers: the shard publishes them (client/counters.h).
struct FanOutCounters {
  std::uint64_t deliveries = 0;  // frames of logs begun, one a subscriber
  std::uint64_t writes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t appends = 0;
  std::uint64_t gaps_told = 0;
  std::uint64_t events_skipped = 0;  // those gaps' events
  std::uint64_t overruns = 0;        // events that a healthy subscriber lost, one a subscriber
  std::uint64_t slow_by_bytes = 0;   // subscribers that were found slow, by rule
  std::uint64_t slow_by_age = 0;
  std::uint64_t slow_by_memory = 0;
  std::uint64_t late = 0;  // looks that found a subscriber over a limit because this engine is overloaded
  std::uint64_t retained_bytes = 0;  // of all logs, now
  std::uint64_t blocked = 0;         // subscribers, now
};

// FanOut: the channel engine of one shard. Logs, subscribers with their cursors, and the sweep that
// sends each connection everything between its cursors and the logs' heads in one gathered write.
//
// Pure: it is fed events, bytes and times, asks its Host to write, and returns decisions (verdicts).
// Thread: one. Nothing here is called from inside a Host call.
// The rules it keeps (docs/decisions/0002) carry numbers; fan_out_rules_test.cc has a test for each.
class FanOut {
 public:
  // A visit's bounds: one gathered write is at most this, then the subscriber goes to the queue's end.
  static constexpr int kPiecesMax = 64;
  static constexpr std::size_t kVisitBytesMax = 64 * 1024;
  // Writes to one log's subscribers before the next dirty log has its turn.
  static constexpr int kWritesATurn = 64;
  // Compressing pays for the reader's line, not for us; below this many readers frames stay plain.
  static constexpr std::uint32_t kCompressedReadersMin = 2;

  FanOut(FanOutHost& host, FanOutOptions options, std::vector<LagRule> policies, EventCompressor* compressor);
  ~FanOut();
  // Other rules in the place of all: as many as the constructor got.
  void set_rules(std::vector<LagRule> policies);
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  // --- logs ---
  enum class Lifetime : std::uint8_t { lasting, while_subscribed };
  // `while_subscribed`: once its last subscriber has left it is among the deserted. The engine only keeps
  // `owner`, for owner_of().
  LogId add_log(PolicyId policy, Lifetime lifetime = Lifetime::lasting, LogOwner owner = 0);
  bool has_room_for_log() const { return free_log_ != kNoLog || logs_.size() < kLogsMax; }
  void remove_log(LogId log);  // it has no subscribers any more
  std::uint32_t subscribers_of(LogId log) const;
  LogOwner owner_of(LogId log) const { return logs_[log].owner; }
  // What an index of names keeps with the log; it is empty again before remove_log().
  LogNote& note_of(LogId log) { return logs_[log].note; }
  // Appends one event for all subscribers of the log. Touches nothing per subscriber.
  void append(LogId log, const Ref<const Frame>& frame, MonoTime now, Tag tag = 0);
  // Prefetches the log's record, because append() to it follows soon.
  void prefetch(LogId log) const {
    const char* const record = reinterpret_cast<const char*>(&logs_[log]);
    __builtin_prefetch(record, 1);
    __builtin_prefetch(record + sizeof(LogState) - 1, 1);
  }
  // Logs whose last subscriber has left since the last call, and that have none again.
  std::vector<LogId> take_deserted();
  bool has_deserted() const { return !deserted_.empty(); }

  // --- subscribers ---
  void add_subscriber(SubscriberId subscriber, PolicyId policy, Encoding encoding);
  void remove_subscriber(SubscriberId subscriber);
  // Once its handshake has shown what it is; before its first subscription.
  void become(SubscriberId subscriber, PolicyId policy, Encoding encoding);
  // False when it already is / is not subscribed. A new subscription starts at the log's head.
  bool subscribe(SubscriberId subscriber, LogId log);
  // Receives only the events whose tag is in the mask.
  bool subscribe(SubscriberId subscriber, LogId log, TagMask mask);
  bool unsubscribe(SubscriberId subscriber, LogId log);
  void unsubscribe_all(SubscriberId subscriber);
  std::uint32_t subscriptions_of(SubscriberId subscriber) const;
  bool is_subscribed(SubscriberId subscriber, LogId log) const;

  // Bytes that go before any event: a reply, a ping. False, and nothing taken, when the outbox is full. Where
  // the limit is ignored they are taken in any case, and the caller sees to it that these are few.
  bool send(SubscriberId subscriber, std::string_view bytes, MonoTime now,
            OutboxLimit limit = OutboxLimit::applies);
  // Free room for send(), or for so much more: a connection without any should not be read from.
  bool outbox_has_room(SubscriberId subscriber, std::size_t bytes, std::size_t beyond_limit = 0) const;
  // Bytes of the outbox that the host has not taken: replies, pings, the rest of a half-sent event.
  std::size_t outbox_bytes(SubscriberId subscriber) const;
  // The last bytes (a close frame): they leave once the cursors have arrived at their logs' heads;
  // then comes the verdict `finished`.
  void finish(SubscriberId subscriber, std::string_view last_bytes, MonoTime now);
  // The same without waiting for the logs: its subscriptions end at once. Also the way to close one about
  // whom there is a verdict: the bytes are still sent if it begins to read before the host resets it, and no
  // lag rule applies any more. After finish() the bytes given there are sent, and not these.
  void finish_now(SubscriberId subscriber, std::string_view last_bytes, MonoTime now);
  void on_writable(SubscriberId subscriber);

  // Writes until nothing is pending or the host ends the slice; returns true when work is left.
  bool run_slice(MonoTime now);
  // Something is owed to a subscriber that can take it: run_slice() should come soon.
  bool has_work() const { return !ready_.empty() || !dirty_.empty(); }
  // Applies the lag rules to the subscribers that are behind, and drops the events that none of them needs
  // any more. A few times a second.
  void check_lag(MonoTime now);
  // Judges the subscriber that is furthest behind as slow (and those within an eighth of it, who need the
  // same events), because memory is short. False: no subscriber of this engine is behind by enough to matter.
  bool shed_furthest_behind(MonoTime now);
  // The decisions since the last call.
  std::vector<Verdict> take_verdicts() { return std::exchange(verdicts_, {}); }

  const FanOutCounters& counters() const { return counters_; }
  // For tests: where this log's numbers begin.
  void start_numbers_at(LogId log, Cursor first) { logs_[log].events.start_numbers_at(first); }
  const EventLog& events_of(LogId log) const { return logs_[log].events; }

 private:
  // In an order without holes: what follows an object may lie in its padding.
  struct LogState {
    [[no_unique_address]] EventLog events;
    std::uint32_t blocked = 0;  // members that are
    [[no_unique_address]] LogNote note;
    PolicyId policy = 0;
    LogOwner owner = 0;
    Lifetime lifetime : 1 = Lifetime::lasting;
    bool in_use : 1 = false;
    bool queued : 1 = false;    // in dirty_
    bool deserted : 1 = false;  // in deserted_
    bool mixed : 1 = false;     // some subscribers receive only some events: masks_ has which
    // Counted up to kCompressedReadersCounted, where it stays while the log has subscribers; it is compared
    // with kCompressedReadersMin.
    std::uint8_t compressed_readers : 3 = 0;
    [[no_unique_address]] Members members;
    std::uint32_t ready = 0;  // members that are; the sweep passes both over
  };

  struct Subscriber {
    InlineList<Subscription> subscriptions;
    std::unique_ptr<Outbox> outbox;
    std::uint16_t turn = 0;  // the subscription that the next visit begins with
    PolicyId policy = 0;
    Encoding encoding : 1 = Encoding::plain;
    bool in_use : 1 = false;
    bool blocked : 1 = false;    // the last write came up short
    bool ready : 1 = false;      // owed a visit
    bool queued : 1 = false;     // stands in ready_
    bool finishing : 1 = false;  // last_bytes wait for the cursors
    bool judged : 1 = false;     // a verdict is out: never written to again
    bool was_slow : 1 = false;   // blocked since it last had everything
    bool caught_up : 1 = false;  // has had everything since the last look of check_lag()
    bool listed : 1 = false;     // stands in lagging_
    bool dismissed : 1 = false;  // finish_now(): the host's deadline is its only rule
  };
  static_assert(sizeof(Subscriber) <= 32);
  // Of one shard; what a process may hold is a matter of descriptors and configuration long before.
  static constexpr std::size_t kSubscribersMax = Subscription::kPositionsMax;
  static constexpr std::size_t kLogsMax = Subscription::kLogsMax;
  static constexpr LogId kNoLog = 0xffffffff;
  static constexpr std::uint8_t kCompressedReadersCounted = 7;

  friend struct FanOutSizes;  // a test of what the records cost
  struct Visit;               // one gathered write being put together (flush.cc)

  // sweep.cc: whose turn it is
  int sweep(LogId id);  // returns what it has cost, in writes
  void flush_next_ready();
  bool needs_visit(const LogState& log, const Member& member) const;
  void trim(LogState& log);
  void drop_all_but(LogState& log, std::uint32_t needed);
  Cursor had_by_all(const LogState& log) const;
  void drop_beyond_window(LogState& log);
  void relieve_memory(LogState& appended);
  void drop_until(LogState& log, Cursor cursor);
  void drop_oldest(LogState& log);
  void compact(LogId id);

  // flush.cc: one subscriber's gathered write
  void flush(SubscriberId id);
  bool write_out(SubscriberId id, Visit& visit);
  bool catch_up_with_lost(SubscriberId id);
  bool tell_gap(SubscriberId id, const Subscription& subscription, std::uint32_t lost);
  bool gather(Visit& visit, SubscriberId id);
  bool gather_log(Visit& visit, SubscriberId id, std::uint32_t index);
  void settle(Visit& visit, SubscriberId id, std::size_t written);
  void move_cursors(Visit& visit, SubscriberId id, std::size_t of_frames);
  void finish_if_due(SubscriberId id);
  TagMask mask_of(LogId log, SubscriberId id) const;
  std::string_view bytes_of(const LogState& log, const Subscriber& subscriber, const LogEntry& entry) const;

  // lag.cc: those that are behind
  enum class Standing : std::uint8_t { caught_up, ready, blocked };
  struct Lagging {  // has had a short write, and not everything since
    SubscriberId subscriber;
    LagWatch watch;
  };
  void set_standing(SubscriberId id, Standing standing);
  void drop_what_none_needs();
  template <class Use>
  void for_each_behind(Use&& use);
  struct Sample {
    LagSample seen;
    bool lost = false;  // a log has dropped what it had not been sent
  };
  bool look_at(Lagging& lagging);
  std::optional<Sample> sample_of(SubscriberId id);
  std::optional<std::uint64_t> bytes_behind(const Subscription& subscription, SubscriberId id);
  bool shed_behind();
  std::uint64_t unsent_if_sheddable(SubscriberId id) const;
  std::uint32_t age_of(std::uint32_t since_ms) const;
  void judge(SubscriberId id, Verdict::What what);
  void count_ring(std::uint32_t before, std::uint32_t after);

  void free_log(LogId id);
  static void count_compressed_reader(LogState& log);
  static void forget_compressed_reader(LogState& log);
  void forget_verdicts_of(SubscriberId id);
  void leave(SubscriberId id, std::uint32_t index);
  Outbox& outbox_of(Subscriber& subscriber);
  Subscriber& at(SubscriberId id);

  FanOutHost& host_;
  const FanOutOptions options_;
  std::vector<LagRule> policies_;
  EventCompressor* const compressor_;
  ReservedArray<LogState, kLogsMax> logs_;
  LogId free_log_ = kNoLog;  // the first of them; its note has the next
  std::vector<LogId> deserted_;
  std::unordered_map<LogId, std::unordered_map<SubscriberId, TagMask>> masks_;  // of the mixed ones
  ReservedArray<Subscriber, kSubscribersMax> subscribers_;
  std::deque<LogId> dirty_;
  std::deque<SubscriberId> ready_;
  std::vector<Lagging> lagging_;  // may hold stale ones; check_lag() sweeps them out
  std::vector<Verdict> verdicts_;
  FanOutCounters counters_;
  std::uint32_t now_ms_ = 0;
  std::uint32_t idle_ms_ = 0;  // when there was last nothing to do
  std::uint32_t lag_checked_ms_ = 0;
  std::uint32_t mixed_events_left_ = 0;   // that this check_lag() may still count
  std::uint64_t ring_bytes_ = 0;          // of all logs' rings
  std::uint64_t ring_bytes_counted_ = 0;  // of those, in options_.memory
  int visits_due_ = 0;                    // to ready subscribers, before the next log's turn
  bool has_shed_ = false;                 // in this slice
};

}  // namespace carillon::fanout
