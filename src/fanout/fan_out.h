#pragma once

#include <sys/uio.h>

#include <array>
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
#include "fanout/notices.h"
#include "fanout/outbox.h"
#include "fanout/subscription.h"

namespace carillon::fanout {

using SubscriberId = std::uint32_t;  // the host's dense connection index
using LogId = std::uint32_t;

// The encoding of the frames that a subscriber receives.
enum class Encoding : std::uint8_t { plain, compressed };

// The order in which a subscriber is sent the events of several logs.
enum class Order : std::uint8_t {
  by_log,    // one log after the other, which costs nothing; each log is in order
  by_number  // as the process received them, so that a client that has an event has all before it
};

// What a slow subscriber was not sent of one log.
struct LagGap {
  std::uint32_t count = 0;   // events
  std::uint64_t before = 0;  // Frame::number() of the last event that it was sent of this log; 0: not known
  std::uint64_t after = 0;   // of the next one that it is sent; 0: there is none yet
};

// The owner of the sockets, which the engine calls to write.
class FanOutHost {
 public:
  // One gathered write to the subscriber's socket, now. After `blocked`, and after `ok` with fewer bytes than
  // requested, the host calls on_writable() as soon as the subscriber can take more.
  virtual WriteResult write(SubscriberId subscriber, const iovec* pieces, int count) = 0;
  // Appends the frame that reports missed events of this log; returns false when the endpoint has no such
  // frame.
  virtual bool append_gap_frame(SubscriberId subscriber, LogId log, const LagGap& gap, std::string& out) = 0;
  // Called between writes: whether this slice has used its time.
  virtual bool slice_is_over() = 0;
  // Bytes that write() reported as written and that still wait in the transport (TLS), not in the kernel.
  virtual std::size_t held_back(SubscriberId subscriber) const = 0;

 protected:
  ~FanOutHost() = default;
};

// What takes samples of the engine's work, for histograms.
class FanOutSamples {
 public:
  // Called after one in FanOut::kWritesPerSample writes, if it sent an event and was not cut: `received`
  // is Frame::received() of the oldest event in it.
  virtual void note_delivery(std::uint32_t received) = 0;
  // Called for one in FanOut::kAppendsPerSample events that are appended to a log, with its subscribers.
  virtual void note_recipients(std::uint32_t subscribers) = 0;

 protected:
  ~FanOutSamples() = default;
};

// What the engine has decided about a subscriber; the host carries it out after the slice.
struct Verdict {
  enum class What : std::uint8_t {
    broken,         // the socket has failed
    slow_by_bytes,  // a lag rule: close it, with a reset
    slow_by_age,
    slow_by_memory,  // the budget of all events is exhausted, and its backlog is the largest here
    overrun,         // our own fault: it was not slow, but the log dropped events that it had not been sent
    finished         // finish(): everything has been sent, including the last bytes
  };
  SubscriberId subscriber;
  What what;
};

// Options of a FanOut.
struct FanOutOptions {
  FrameMemory& memory;                                     // of the process; outlives the engine
  std::uint32_t log_bytes_hard_max = 1024U * 1024 * 1024;  // one log: its offsets have 32 bits
  std::uint32_t outbox_bytes_max = 64 * 1024;
  FanOutSamples* samples = nullptr;  // outlives the engine; null: none are taken
};

// What a FanOut has sent to the subscribers of one group.
struct SentCounters {
  std::uint64_t deliveries = 0;  // frames begun, one per event and subscriber
  std::uint64_t bytes = 0;
};

// Counters of a FanOut, written by the shard's thread. They are plain numbers; the shard publishes them
// (client/counters.h).
struct FanOutCounters {
  std::vector<SentCounters> sent;  // by group
  std::uint64_t writes = 0;
  std::uint64_t appends = 0;  // to logs without subscribers too
  std::uint64_t gaps_sent = 0;
  std::uint64_t events_skipped = 0;  // the events in those gaps
  std::uint64_t overruns = 0;        // events that healthy subscribers lost, one per event and subscriber
  std::uint64_t slow_by_bytes = 0;   // subscribers that were found slow, by rule
  std::uint64_t slow_by_age = 0;
  std::uint64_t slow_by_memory = 0;
  std::array<std::uint64_t, kNotices> notices_sent{};  // frames, by Notice
  std::uint64_t gaps_owed = 0;                         // subscribers that have not been told of a gap, now
  std::uint64_t late = 0;  // checks that found a subscriber over a limit because this engine is overloaded
  std::uint64_t retained_bytes = 0;  // of all logs, now
  std::uint64_t blocked = 0;         // subscribers, now

  SentCounters sent_in_total() const;  // of all groups
};

// FanOut: the channel engine of one shard. It has the logs, the subscribers with their cursors, and the sweep
// that sends each connection everything between its cursors and the logs' heads in one gathered write.
//
// Pure: it takes events, bytes and times, calls its host to write, and returns decisions (verdicts).
// Thread: one. The host may not call it from inside a host call.
// docs/decisions/0002 lists its rules by number; fan_out_rules_test.cc has a test for each.
class FanOut {
 public:
  // The limits of one visit, a single gathered write; then the subscriber goes to the end of the queue.
  static constexpr int kPiecesMax = 64;
  static constexpr std::size_t kVisitBytesMax = 64 * 1024;
  // Writes to one log's subscribers before the next dirty log has its turn.
  static constexpr int kWritesATurn = 64;
  // How many writes there are to one that is a sample (FanOutSamples).
  static constexpr std::uint64_t kWritesPerSample = 64;
  // The same for events and the number of their recipients.
  static constexpr std::uint64_t kAppendsPerSample = 16;
  // Compression saves the clients' bandwidth, not our CPU; with fewer compressed readers frames stay plain.
  static constexpr std::uint32_t kCompressedReadersMin = 2;

  FanOut(FanOutHost& host, FanOutOptions options, LagRules rules, EventCompressor* compressor);
  ~FanOut();
  // Replaces all lag rules; neither number may change.
  void set_rules(LagRules rules);
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  // --- logs ---
  enum class Lifetime : std::uint8_t { lasting, while_subscribed };
  // Adds a log. With `while_subscribed`, take_deserted() returns it once its last subscriber has left. Its
  // rule is the owner's with the number `policy`.
  LogId add_log(PolicyId policy, Lifetime lifetime = Lifetime::lasting, LogOwner owner = 0);
  // Gives a log another rule, from its next event or visit on.
  void set_policy(LogId log, PolicyId policy);
  bool has_room_for_log() const { return free_log_ != kNoLog || logs_.size() < kLogsMax; }
  void remove_log(LogId log);  // it must have no subscribers
  std::uint32_t subscribers_of(LogId log) const;
  LogOwner owner_of(LogId log) const { return logs_[log].owner; }
  // What an index of names stores with the log. The index empties it before remove_log().
  LogNote& note_of(LogId log) { return logs_[log].note; }
  // Appends one event for all subscribers of the log, in constant time.
  void append(LogId log, const Ref<const Frame>& frame, MonoTime now, Tag tag = 0);
  // Prefetches the log's record for an append() that follows soon.
  void prefetch(LogId log) const {
    const char* const record = reinterpret_cast<const char*>(&logs_[log]);
    __builtin_prefetch(record, 1);
    __builtin_prefetch(record + sizeof(LogState) - 1, 1);
  }
  // Returns the logs whose last subscriber has left since the last call and that still have none.
  std::vector<LogId> take_deserted();
  bool has_deserted() const { return !deserted_.empty(); }

  // --- subscribers ---
  void add_subscriber(SubscriberId subscriber, GroupId group, Encoding encoding);
  void remove_subscriber(SubscriberId subscriber);
  // Sets what the handshake has determined. Call before its first subscription.
  void become(SubscriberId subscriber, GroupId group, Encoding encoding, Order order = Order::by_log);
  // Returns false when the subscriber is already (or not) subscribed. A new subscription starts at the log's
  // head.
  bool subscribe(SubscriberId subscriber, LogId log);
  // The same, but the subscriber receives only events whose tag is in the mask.
  bool subscribe(SubscriberId subscriber, LogId log, TagMask mask);
  bool unsubscribe(SubscriberId subscriber, LogId log);
  void unsubscribe_all(SubscriberId subscriber);
  std::uint32_t subscriptions_of(SubscriberId subscriber) const;
  bool is_subscribed(SubscriberId subscriber, LogId log) const;

  // Sends bytes before any further event: a reply, a ping. Returns false, and takes nothing, when the outbox
  // is full. With OutboxLimit::ignored it always takes them; the caller must keep these few.
  bool send(SubscriberId subscriber, std::string_view bytes, MonoTime now,
            OutboxLimit limit = OutboxLimit::applies);
  // Sends the events of `source` after the bytes in the outbox and before any event of the subscriber's logs.
  // They are those that the subscription that was made last has missed, and end with it. A subscriber that
  // takes them too slowly is judged as slow_by_age (replay.h).
  void replay(SubscriberId subscriber, std::unique_ptr<ReplaySource> source, MonoTime now);
  // Whether send() would take `bytes` more, with the limit raised by `beyond_limit`. Do not read from a
  // connection without room.
  bool outbox_has_room(SubscriberId subscriber, std::size_t bytes, std::size_t beyond_limit = 0) const;
  // The bytes in the outbox: replies, pings, the rest of a half-sent event.
  std::size_t outbox_bytes(SubscriberId subscriber) const;
  // The bytes that wait for it, in its logs, its outbox and the transport; nothing when they cannot be
  // counted now: its logs are mixed, it is being sent what it missed, or it has not been told of a gap. For
  // logs and reports: it walks all subscriptions.
  std::optional<std::uint64_t> backlog_bytes(SubscriberId subscriber);
  // Sends the last bytes (a close frame) after all pending events; the verdict `finished` follows.
  void finish(SubscriberId subscriber, std::string_view last_bytes, MonoTime now);
  // The same without waiting for pending events: its subscriptions end at once. Use it also to close a
  // subscriber that has a verdict: the bytes are sent if it begins to read before the host resets it, and no
  // lag rule applies any more. After finish() the bytes given to finish() are sent instead of these.
  void finish_now(SubscriberId subscriber, std::string_view last_bytes, MonoTime now);
  void on_writable(SubscriberId subscriber);
  // Sends a frame once to every subscriber there is now, by its group. Each gets that of a gap after all
  // events from before the gap and before any later one; that of a status comes before the pending events.
  // The subscribers are marked at once and are visited in slices; those that are blocked get it when they
  // take bytes again (docs/decisions/0039).
  void announce(Announcement announcement, MonoTime now);

  // Writes until nothing is pending or the host ends the slice; returns true when work is left.
  bool run_slice(MonoTime now);
  // Whether a subscriber can be sent something, so that run_slice() should be called soon.
  bool has_work() const { return !ready_.empty() || !dirty_.empty() || notices_.is_walking(); }
  // Applies the lag rules to the subscribers with a backlog, and drops the events that none of them needs any
  // more. Call a few times per second.
  void check_lag(MonoTime now);
  // Judges the subscriber with the largest backlog as slow because memory is short, and those within an
  // eighth of it, because they need the same events. Returns false when no backlog in this engine is large
  // enough to matter.
  bool shed_furthest_behind(MonoTime now);
  // Returns the decisions since the last call.
  std::vector<Verdict> take_verdicts() { return std::exchange(verdicts_, {}); }

  const FanOutCounters& counters() const { return counters_; }
  // For tests: sets where this log's numbers begin.
  void start_numbers_at(LogId log, Cursor first) { logs_[log].events.start_numbers_at(first); }
  const EventLog& events_of(LogId log) const { return logs_[log].events; }

 private:
  // Ordered without holes: a member may be placed in the padding of the one before.
  struct LogState {
    [[no_unique_address]] EventLog events;
    std::uint32_t blocked = 0;  // number of blocked members
    [[no_unique_address]] LogNote note;
    PolicyId policy = 0;
    LogOwner owner = 0;
    Lifetime lifetime : 1 = Lifetime::lasting;
    bool in_use : 1 = false;
    bool queued : 1 = false;    // in dirty_
    bool deserted : 1 = false;  // in deserted_
    bool mixed : 1 = false;     // some subscribers receive only the events in their mask (masks_)
    // Counted up to kCompressedReadersCounted, where it stays while the log has subscribers; compared with
    // kCompressedReadersMin.
    std::uint8_t compressed_readers : 3 = 0;
    [[no_unique_address]] Members members;
    std::uint32_t ready = 0;  // number of ready members; the sweep skips blocked and ready ones

    void count_compressed_reader() {
      if (compressed_readers < kCompressedReadersCounted) ++compressed_readers;
    }
    // Once it has left.
    void forget_compressed_reader() {
      if (members.count() == 0) {
        compressed_readers = 0;
      } else if (compressed_readers < kCompressedReadersCounted) {
        --compressed_readers;
      }
    }
    const LogRule& rule(const LagRules& rules) const { return rules.of_log(owner, policy); }
    // Every member without a backlog has been sent all events before this one.
    Cursor had_by_all() const { return members.sweeping() ? members.swept_until() : events.head(); }
  };

  struct Subscriber {
    InlineList<Subscription> subscriptions;
    std::unique_ptr<Outbox> outbox;
    std::uint16_t turn = 0;  // the subscription that the next visit begins with
    GroupId group = 0;
    Encoding encoding : 1 = Encoding::plain;
    Order order : 1 = Order::by_log;
    bool in_use : 1 = false;
    bool blocked : 1 = false;    // the last write came up short
    bool ready : 1 = false;      // needs a visit
    bool queued : 1 = false;     // in ready_
    bool finishing : 1 = false;  // the last bytes wait for the pending events
    bool judged : 1 = false;     // has a verdict: never written to again
    bool was_slow : 1 = false;   // was blocked since it last had everything
    bool caught_up : 1 = false;  // had everything at some time since the last check_lag()
    bool listed : 1 = false;     // in lagging_
    bool dismissed : 1 = false;  // finish_now() was called: only the host's deadline applies
    OwedNotices owed;

    // Blocked subscribers wait for their sockets, and ready ones have a queue of their own.
    bool is_visited_by_sweep() const { return !blocked && !ready && !judged; }
    Outbox& made_outbox() {
      if (!outbox) outbox = std::make_unique<Outbox>();
      return *outbox;
    }
  };
  static_assert(sizeof(Subscriber) <= 32);
  // Limits of one shard; descriptors and configuration limit a process long before these.
  static constexpr std::size_t kSubscribersMax = Subscription::kPositionsMax;
  static constexpr std::size_t kLogsMax = Subscription::kLogsMax;
  static constexpr LogId kNoLog = 0xffffffff;
  static constexpr std::uint8_t kCompressedReadersCounted = 7;

  enum class Standing : std::uint8_t { caught_up, ready, blocked };
  friend struct FanOutSizes;  // a test of the records' sizes
  struct Visit;               // one gathered write being put together (flush.cc)
  class Merge;                // gathers the logs of one subscriber in order of number (flush.cc)
  class Backlog;              // counts what one subscriber has not been sent (backlog.h)

  // sweep.cc: the order of visits
  int sweep(LogId id);  // returns its cost in writes
  void flush_next_ready();
  void trim(LogState& log);
  void drop_all_but(LogState& log, std::uint32_t needed);
  void drop_beyond_window(LogState& log);
  void relieve_memory(LogState& appended);
  void drop_until(LogState& log, Cursor cursor);
  void compact(LogId id);
  void walk_notices();

  // flush.cc: one subscriber's gathered write
  void flush(SubscriberId id);
  template <class EndOf>
  void send_pending(SubscriberId id, Standing afterwards, EndOf end_of);
  bool tell(SubscriberId id);
  bool has_events_before_gap(const Subscriber& subscriber) const;
  bool write_out(SubscriberId id, Visit& visit);
  bool catch_up_with_lost(SubscriberId id);
  bool skip_lost(SubscriberId id, const Subscription& subscription, const CutEvent& cut);
  template <class EndOf>
  bool gather(Visit& visit, SubscriberId id, EndOf end_of);
  template <class EndOf>
  bool gather_log(Visit& visit, SubscriberId id, std::uint32_t index, EndOf end_of);
  void settle(Visit& visit, SubscriberId id, std::size_t written);
  void move_cursors(Visit& visit, SubscriberId id, std::size_t of_frames);
  void finish_if_due(SubscriberId id);
  TagMask mask_of(LogId log, SubscriberId id) const;
  std::string_view bytes_of(const LogState& log, const Subscriber& subscriber, const LogEntry& entry) const;

  // lag.cc: subscribers with a backlog
  struct Lagging {  // has had a short write and not caught up since
    SubscriberId subscriber;
    LagWatch watch;
  };
  void set_standing(SubscriberId id, Standing standing);
  void drop_what_none_needs();
  template <class Use>
  void for_each_behind(Use&& use);
  bool look_at(Lagging& lagging);
  bool shed_behind();
  void judge(SubscriberId id, Verdict::What what);
  void count_ring(std::uint32_t before, std::uint32_t after);

  void free_log(LogId id);
  void leave(SubscriberId id, std::uint32_t index);
  Subscriber& at(SubscriberId id);

  FanOutHost& host_;
  const FanOutOptions options_;
  LagRules rules_;
  EventCompressor* const compressor_;
  ReservedArray<LogState, kLogsMax> logs_;
  LogId free_log_ = kNoLog;  // the first free log; its note has the next
  std::vector<LogId> deserted_;
  std::unordered_map<LogId, std::unordered_map<SubscriberId, TagMask>> masks_;  // of mixed logs
  ReservedArray<Subscriber, kSubscribersMax> subscribers_;
  std::deque<LogId> dirty_;
  std::deque<SubscriberId> ready_;
  std::vector<Lagging> lagging_;  // may have stale entries, which check_lag() removes
  std::vector<Verdict> verdicts_;
  FanOutCounters counters_;
  std::uint32_t now_ms_ = 0;
  std::uint32_t idle_ms_ = 0;  // when the engine was last idle
  std::uint32_t lag_checked_ms_ = 0;
  std::uint32_t mixed_events_left_ = 0;  // how many events this check_lag() may still count
  struct {
    std::uint64_t bytes = 0;    // of all logs' rings
    std::uint64_t counted = 0;  // the part of it that options_.memory includes
  } rings_;
  Notices notices_;
  int visits_due_ = 0;     // to ready subscribers, before the next log's turn
  bool has_shed_ = false;  // in this slice
};

}  // namespace carillon::fanout
