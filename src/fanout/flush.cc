// One subscriber's visit: gather everything between its cursors and the heads, write once, and move the
// cursors.
#include <algorithm>

#include "base/assert.h"
#include "fanout/fan_out.h"
#include "fanout/merge.h"
#include "fanout/visit.h"

namespace carillon::fanout {

void FanOut::flush(SubscriberId id) {
  Subscriber& subscriber = subscribers_[id];
  if (subscriber.outbox) {
    counters_.sent[subscriber.group].deliveries +=
        subscriber.outbox->refill(now_ms_, notices_.next_gap(subscriber.owed));
  }
  if (!subscriber.owed.any || tell(id)) {
    send_pending(id, Standing::caught_up, [](const LogState& log, Cursor) { return log.events.head(); });
  } else if (!subscriber.owed.gap) {
    send_pending(id, Standing::ready, [](const LogState& log, Cursor) { return log.events.head(); });
  } else {
    send_pending(id, Standing::ready, [this](const LogState& log, Cursor from) {
      return log.events.end_of([this](std::uint64_t number) { return !notices_.is_after_gap(number); }, from);
    });
  }
}

// One visit. `end_of`: up to where each log is sent. `afterwards`: what the subscriber is when all of that
// has been sent.
template <class EndOf>
void FanOut::send_pending(SubscriberId id, Standing afterwards, EndOf end_of) {
  Visit visit;
  if (!gather(visit, id, end_of)) {
    if (!catch_up_with_lost(id)) return;
    visit.begin_again();
    const bool all_there = gather(visit, id, end_of);
    CARILLON_ASSERT(all_there);
  }
  if (!write_out(id, visit)) return;
  set_standing(id, visit.more ? Standing::ready : afterwards);
  const bool is_done = !visit.more && afterwards == Standing::caught_up;
  if (is_done && subscribers_[id].finishing) finish_if_due(id);
}

// Adds the frames that the subscriber is owed to its outbox. Returns false when some must wait: until there
// is room, or, a gap, until all events from before it have been sent.
bool FanOut::tell(SubscriberId id) {
  Subscriber& subscriber = subscribers_[id];
  const bool has_ended = subscriber.finishing && subscriber.subscriptions.size() == 0;
  while (const auto what = notices_.next_for(subscriber.owed)) {
    if (subscriber.dismissed || has_ended) break;  // nothing may follow its last bytes
    if (*what == Notice::gap && has_events_before_gap(subscriber)) return false;
    const std::string_view frame = notices_.frame(*what, subscriber.group);
    if (!outbox_has_room(id, frame.size())) return false;
    if (!frame.empty()) {
      subscriber.made_outbox().put(frame, now_ms_);
      ++counters_.notices_sent[static_cast<std::size_t>(*what)];
    }
    notices_.told(subscriber.owed, *what);
  }
  notices_.forget(subscriber.owed);
  counters_.gaps_owed = notices_.gaps_owed();
  return true;
}

bool FanOut::has_events_before_gap(const Subscriber& subscriber) const {
  const Replay* const replay = subscriber.outbox ? subscriber.outbox->replay() : nullptr;
  if (replay && replay->is_before_gap(notices_.gap_number())) return true;
  for (const Subscription& each : subscriber.subscriptions) {
    const LogState& log = logs_[each.log()];
    const Cursor cursor = log.members.at(each.position()).cursor;
    if (log.events.pending(cursor) == 0) continue;
    if (log.events.lost(cursor) > 0) return true;
    if (!notices_.is_after_gap(log.events.at(cursor).frame->number())) return true;
  }
  return false;
}

// Returns false, without changing anything, when it finds a cursor whose events were dropped.
template <class EndOf>
bool FanOut::gather(Visit& visit, SubscriberId id, EndOf end_of) {
  const Subscriber& subscriber = subscribers_[id];
  visit.add_outbox(subscriber.outbox.get());
  const Replay* const replay = subscriber.outbox ? subscriber.outbox->replay() : nullptr;
  if (replay && replay->is_before_gap(notices_.next_gap(subscriber.owed))) {
    visit.more = true;  // what it missed comes before anything newer
    return true;
  }
  const std::uint32_t count = subscriber.subscriptions.size();
  if (subscriber.order == Order::by_number && count > 1) [[unlikely]] {
    // Events after a gap wait until the subscriber has been told of it.
    return Merge::gather(*this, id, subscriber.owed.gap ? notices_.gap_number() : Merge::kNoLimit, visit);
  }
  // Begin where the last visit had to stop, or a busy log would starve the others.
  std::uint32_t index = subscriber.turn < count ? subscriber.turn : 0;
  for (std::uint32_t i = 0; i < count && !visit.more; ++i) {
    if (!gather_log(visit, id, index, end_of)) return false;
    if (++index == count) index = 0;
  }
  return true;
}

// Writes once and updates the state. Returns true when everything was written and the socket can take more.
// (A host that encrypts may have taken everything and still hold part of it.)
bool FanOut::write_out(SubscriberId id, Visit& visit) {
  if (visit.bytes == 0) {
    settle(visit, id, 0);  // the cursors still move past events that it did not select
    return true;
  }
  const WriteResult result = host_.write(id, visit.pieces.data(), visit.piece_count);
  if (result.state == WriteResult::State::broken) {
    judge(id, Verdict::What::broken);
    return false;
  }
  CARILLON_ASSERT(result.written <= visit.bytes);
  ++counters_.writes;
  if (counters_.writes % kWritesPerSample == 0 && result.written == visit.bytes && visit.segment_count > 0 &&
      options_.samples != nullptr) {
    const Visit::Segment& oldest = visit.segments[0];
    const EventLog& events = logs_[subscribers_[id].subscriptions[oldest.subscription].log()].events;
    options_.samples->note_delivery(events.at(oldest.first).frame->received());
  }
  settle(visit, id, result.written);
  if (result.written == visit.bytes && result.state == WriteResult::State::ok) return true;
  set_standing(id, Standing::blocked);
  return false;
}

std::string_view FanOut::bytes_of(const LogState& log, const Subscriber& subscriber,
                                  const LogEntry& entry) const {
  if (subscriber.encoding == Encoding::compressed && compressor_ &&
      log.compressed_readers >= kCompressedReadersMin) {
    return entry.frame->compressed(*compressor_);
  }
  return {entry.data, entry.size};
}

TagMask FanOut::mask_of(LogId log, SubscriberId id) const {
  return logs_[log].mixed ? masks_.at(log).at(id) : kAllTags;
}

template <class EndOf>
bool FanOut::gather_log(Visit& visit, SubscriberId id, std::uint32_t index, EndOf end_of) {
  Subscriber& subscriber = subscribers_[id];
  const Subscription& subscription = subscriber.subscriptions[index];
  LogState& log = logs_[subscription.log()];
  const Member& member = log.members.at(subscription.position());
  CARILLON_ASSERT(member.subscriber == id);
  const Cursor first = member.cursor;
  if (first == log.events.head()) return true;
  if (log.events.lost(first) != 0) return false;
  const Cursor last = end_of(log, first);
  if (first == last) return true;
  if (visit.segment_count == kPiecesMax) {
    visit.more = true;
    subscriber.turn = static_cast<std::uint16_t>(index);
    return true;
  }
  const TagMask mask = log.mixed ? mask_of(subscription.log(), id) : kAllTags;
  std::uint32_t passed_over = 0;
  Cursor end = first;
  for (; end != last; ++end) {
    const LogEntry& entry = log.events.at(end);
    if ((mask & carillon::mask_of(entry.tag)) == 0) {
      ++passed_over;
    } else if (!visit.add(bytes_of(log, subscriber, entry))) {
      break;
    }
  }
  if (end != last) {
    visit.more = true;
    subscriber.turn = static_cast<std::uint16_t>(end == first ? index : index + 1);
  }
  if (end != first) {
    visit.segments[static_cast<std::size_t>(visit.segment_count++)] = {index, first, end, passed_over};
  }
  return true;
}

// Updates the outbox and the cursors after a write. A cursor always stands between two frames: the rest of a
// half-sent frame moves to the outbox, which is sent first at the next visit.
void FanOut::settle(Visit& visit, SubscriberId id, std::size_t written) {
  Subscriber& subscriber = subscribers_[id];
  SentCounters& sent = counters_.sent[subscriber.group];
  sent.bytes += written;
  const std::size_t of_outbox = std::min(written, visit.outbox_bytes);
  if (of_outbox > 0) subscriber.outbox->consume(of_outbox);
  if (subscriber.outbox && subscriber.outbox->empty() && !subscriber.outbox->has_last()) {
    subscriber.outbox.reset();
  }
  if (written < visit.bytes) {
    move_cursors(visit, id, written - of_outbox);
    return;
  }
  for (int i = 0; i < visit.segment_count; ++i) {
    const Visit::Segment& segment = visit.segments[static_cast<std::size_t>(i)];
    const Subscription& subscription = subscriber.subscriptions[segment.subscription];
    LogState& log = logs_[subscription.log()];
    CARILLON_ASSERT(log.events.lost(segment.end) ==
                    0);  // within its log: the host wrote and did nothing else
    log.members.at(subscription.position()).cursor = segment.end;
    sent.deliveries += segment.end - segment.first - segment.passed_over;
  }
}

void FanOut::move_cursors(Visit& visit, SubscriberId id, std::size_t of_frames) {
  Subscriber& subscriber = subscribers_[id];
  for (int i = 0; i < visit.segment_count && of_frames > 0; ++i) {
    const Visit::Segment& segment = visit.segments[static_cast<std::size_t>(i)];
    const Subscription& subscription = subscriber.subscriptions[segment.subscription];
    LogState& log = logs_[subscription.log()];
    Cursor& cursor = log.members.at(subscription.position()).cursor;
    const TagMask mask = mask_of(subscription.log(), id);
    subscriber.turn = static_cast<std::uint16_t>(segment.subscription + 1);
    for (; cursor != segment.end && of_frames > 0; ++cursor) {
      const LogEntry& entry = log.events.at(cursor);
      if ((mask & carillon::mask_of(entry.tag)) == 0) continue;
      const std::string_view frame = bytes_of(log, subscriber, entry);
      if (of_frames < frame.size()) {
        entry.frame->add_ref();
        subscriber.made_outbox().put_rest(Ref<const Frame>::adopt(entry.frame), frame.substr(of_frames),
                                          entry.appended_ms, subscription.log());
      }
      of_frames -= std::min(of_frames, frame.size());
      ++counters_.sent[subscriber.group].deliveries;
    }
  }
}

void FanOut::finish_if_due(SubscriberId id) {
  Subscriber& subscriber = subscribers_[id];
  if (!subscriber.outbox || (subscriber.outbox->empty() && !subscriber.outbox->has_last())) {
    judge(id, Verdict::What::finished);
    return;
  }
  unsubscribe_all(id);
  subscriber.outbox->release_last(now_ms_);
  set_standing(id, Standing::ready);
}

// Handles cursors whose events were dropped: sends gap frames, or judges the subscriber. Returns true when
// the visit may continue.
bool FanOut::catch_up_with_lost(SubscriberId id) {
  Subscriber& subscriber = subscribers_[id];
  bool outbox_first = true;
  const CutEvent cut = subscriber.outbox ? subscriber.outbox->cut() : CutEvent{};
  for (const Subscription& each : subscriber.subscriptions) {
    const std::uint32_t lost =
        logs_[each.log()].events.lost(logs_[each.log()].members.at(each.position()).cursor);
    if (lost == 0) continue;
    if (!logs_[each.log()].rule(rules_).closes() && outbox_first) {
      // A gap frame is written only when it can be sent at once. Queued after blocked bytes, more and more
      // gap frames would accumulate without a limit.
      Visit visit;
      visit.add_outbox(subscriber.outbox.get());
      if (!write_out(id, visit)) return false;
      outbox_first = false;
    }
    if (!subscriber.was_slow) counters_.overruns += lost;
    if (!skip_lost(id, each, cut)) {
      judge(id, subscriber.was_slow ? Verdict::What::slow_by_bytes : Verdict::What::overrun);
      return false;
    }
  }
  return true;
}

// Moves the cursor to the next event that the subscriber is sent, and reports those before it. Returns false
// where it must be judged instead.
bool FanOut::skip_lost(SubscriberId id, const Subscription& subscription, const CutEvent& cut) {
  Subscriber& subscriber = subscribers_[id];
  LogState& log = logs_[subscription.log()];
  const LogRule& rule = log.rule(rules_);
  if (rule.closes()) return false;
  Cursor& cursor = log.members.at(subscription.position()).cursor;
  const bool has_events = log.events.size() > 0;
  const bool to_newest = rule.policy == LagPolicy::latest && has_events;
  const Cursor next = to_newest ? log.events.head() - 1 : log.events.tail();
  const LagGap gap{next - cursor, cut.log == subscription.log() ? cut.number : 0,
                   has_events ? log.events.at(next).frame->number() : 0};
  std::string frame;
  const bool is_reported = host_.append_gap_frame(id, subscription.log(), gap, frame);
  if (!is_reported && rule.policy == LagPolicy::skip) return false;
  if (!frame.empty()) {
    subscriber.made_outbox().put(frame, now_ms_);
    ++counters_.gaps_sent;
  }
  cursor = next;
  counters_.events_skipped += gap.count;
  return true;
}

}  // namespace carillon::fanout
