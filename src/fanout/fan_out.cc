// Logs, subscribers and subscriptions. Sending is in sweep.cc and flush.cc, the lag rules are in lag.cc.
#include "fanout/fan_out.h"

#include "base/assert.h"
#include "fanout/backlog.h"

namespace carillon::fanout {
namespace {

void forget_verdicts_of(SubscriberId id, std::vector<Verdict>& verdicts) {
  std::erase_if(verdicts, [id](const Verdict& each) { return each.subscriber == id; });
}

}  // namespace

FanOut::FanOut(FanOutHost& host, FanOutOptions options, LagRules rules, EventCompressor* compressor)
    : host_(host), options_(options), rules_(std::move(rules)), compressor_(compressor) {
  counters_.sent.resize(rules_.groups.size());
}

FanOut::~FanOut() { options_.memory.subtract(rings_.counted); }

SentCounters FanOutCounters::sent_in_total() const {
  SentCounters total;
  for (const SentCounters& each : sent) {
    total.deliveries += each.deliveries;
    total.bytes += each.bytes;
  }
  return total;
}

// --- logs ---------------------------------------------------------------------------------------

void FanOut::set_rules(LagRules rules) {
  CARILLON_ASSERT(rules.groups.size() == rules_.groups.size() && rules.logs.size() == rules_.logs.size());
  rules_ = std::move(rules);
}

void FanOut::set_policy(LogId log, PolicyId policy) {
  CARILLON_ASSERT(logs_[log].in_use && policy < kPoliciesMax);
  logs_[log].policy = policy;
}

LogId FanOut::add_log(PolicyId policy, Lifetime lifetime, LogOwner owner) {
  CARILLON_ASSERT(owner < rules_.logs.size() && policy < kPoliciesMax);
  LogId id = 0;
  if (free_log_ == kNoLog) {
    id = static_cast<LogId>(logs_.size());
    logs_.emplace_back();
  } else {
    id = free_log_;
    free_log_ = std::exchange(logs_[id].note.next, 0);
  }
  logs_[id].policy = policy;
  logs_[id].lifetime = lifetime;
  logs_[id].owner = owner;
  logs_[id].in_use = true;
  return id;
}

void FanOut::remove_log(LogId id) {
  LogState& log = logs_[id];
  CARILLON_ASSERT(log.in_use && log.members.count() == 0 && log.note.name.empty());
  drop_until(log, log.events.head());
  if (log.mixed) masks_.erase(id);
  log.in_use = false;
  // A log in dirty_ is freed when its turn comes, so that its number is not reused before that.
  if (!log.queued) free_log(id);
}

void FanOut::free_log(LogId id) {
  LogState& log = logs_[id];
  std::destroy_at(&log);
  std::construct_at(&log);
  log.note.next = std::exchange(free_log_, id);
}

std::vector<LogId> FanOut::take_deserted() {
  for (const LogId id : deserted_) logs_[id].deserted = false;
  std::erase_if(deserted_, [this](LogId id) { return !logs_[id].in_use || logs_[id].members.count() > 0; });
  return std::exchange(deserted_, {});
}

std::uint32_t FanOut::subscribers_of(LogId log) const { return logs_[log].members.count(); }

void FanOut::append(LogId id, const Ref<const Frame>& frame, MonoTime now, Tag tag) {
  LogState& log = logs_[id];
  CARILLON_ASSERT(log.in_use);
  if (++counters_.appends % kAppendsPerSample == 0 && options_.samples != nullptr) {
    options_.samples->note_recipients(log.members.count());
  }
  if (log.members.count() == 0) return;
  now_ms_ = wrapping_ms(now);
  const auto size = frame->plain().size();
  log.members.start_full_turn(log.events.head());
  const std::uint32_t ring_before = log.events.ring_bytes();
  log.events.append(frame, now_ms_, tag);
  count_ring(ring_before, log.events.ring_bytes());
  counters_.retained_bytes += size;
  if (!log.queued) {
    log.queued = true;
    dirty_.push_back(id);
  }
  trim(log);
  if (options_.memory.is_exhausted()) relieve_memory(log);
}

// The shared counter is updated in steps, not for each ring.
void FanOut::count_ring(std::uint32_t before, std::uint32_t after) {
  if (before == after) return;
  constexpr std::uint64_t kStep = 256 * 1024;
  rings_.bytes += after;
  rings_.bytes -= before;
  const std::uint64_t counted = rings_.bytes / kStep * kStep;
  if (counted > rings_.counted) options_.memory.add(counted - rings_.counted);
  if (counted < rings_.counted) options_.memory.subtract(rings_.counted - counted);
  rings_.counted = counted;
}

// --- subscribers --------------------------------------------------------------------------------

FanOut::Subscriber& FanOut::at(SubscriberId id) {
  CARILLON_ASSERT(id < subscribers_.size() && subscribers_[id].in_use);
  return subscribers_[id];
}

void FanOut::add_subscriber(SubscriberId id, GroupId group, Encoding encoding) {
  CARILLON_ASSERT(group < rules_.groups.size());
  while (id >= subscribers_.size()) subscribers_.emplace_back();
  Subscriber& subscriber = subscribers_[id];
  CARILLON_ASSERT(!subscriber.in_use);
  // The queues may still contain the previous subscriber with this number.
  const bool listed = subscriber.listed;
  const bool queued = subscriber.queued;
  subscriber = Subscriber{};
  subscriber.group = group;
  subscriber.encoding = encoding;
  subscriber.in_use = true;
  subscriber.listed = listed;
  subscriber.queued = queued;
  subscriber.caught_up = true;  // an entry of lagging_ for its predecessor does not apply to it
  notices_.greet(subscriber.owed, group);
}

void FanOut::become(SubscriberId id, GroupId group, Encoding encoding, Order order) {
  Subscriber& subscriber = at(id);
  CARILLON_ASSERT(group < rules_.groups.size() && subscriber.subscriptions.size() == 0);
  subscriber.group = group;
  subscriber.encoding = encoding;
  subscriber.order = order;
  notices_.greet(subscriber.owed, group);
}

void FanOut::remove_subscriber(SubscriberId id) {
  Subscriber& subscriber = at(id);
  set_standing(id, Standing::caught_up);
  unsubscribe_all(id);
  // Its number may be reused before the host takes the verdicts.
  if (subscriber.judged) forget_verdicts_of(id, verdicts_);
  subscriber.outbox.reset();
  notices_.forget(subscriber.owed);
  counters_.gaps_owed = notices_.gaps_owed();
  subscriber.in_use = false;
}

bool FanOut::subscribe(SubscriberId id, LogId log_id) {
  Subscriber& subscriber = at(id);
  LogState& log = logs_[log_id];
  CARILLON_ASSERT(log.in_use);
  if (subscriber.finishing || subscriber.judged) return false;
  if (is_subscribed(id, log_id)) return false;
  const std::uint32_t position = log.members.join(id, log.events.head());
  subscriber.subscriptions.push_back({log_id, position});
  if (subscriber.encoding == Encoding::compressed) log.count_compressed_reader();
  if (subscriber.blocked) ++log.blocked;
  if (subscriber.ready) ++log.ready;
  return true;
}

bool FanOut::subscribe(SubscriberId id, LogId log_id, TagMask mask) {
  if (!subscribe(id, log_id)) return false;
  logs_[log_id].mixed = true;
  masks_[log_id][id] = mask;
  return true;
}

bool FanOut::unsubscribe(SubscriberId id, LogId log) {
  Subscriber& subscriber = at(id);
  for (std::uint32_t i = 0; i < subscriber.subscriptions.size(); ++i) {
    if (subscriber.subscriptions[i].log() != log) continue;
    leave(id, i);
    return true;
  }
  return false;
}

void FanOut::unsubscribe_all(SubscriberId id) {
  Subscriber& subscriber = at(id);
  while (subscriber.subscriptions.size() > 0) leave(id, subscriber.subscriptions.size() - 1);
}

void FanOut::leave(SubscriberId id, std::uint32_t index) {
  Subscriber& subscriber = subscribers_[id];
  const Subscription gone = subscriber.subscriptions[index];
  subscriber.subscriptions[index] = subscriber.subscriptions[subscriber.subscriptions.size() - 1];
  subscriber.subscriptions.pop_back();

  LogState& log = logs_[gone.log()];
  log.members.leave(gone.position());
  if (subscriber.encoding == Encoding::compressed) log.forget_compressed_reader();
  if (subscriber.blocked) --log.blocked;
  if (subscriber.ready) --log.ready;
  if (log.mixed) masks_[gone.log()].erase(id);
  if (subscriber.outbox) subscriber.outbox->cancel_replay_of(gone.log());
  if (log.members.count() == 0 && log.lifetime == Lifetime::while_subscribed && !log.deserted) {
    log.deserted = true;
    deserted_.push_back(gone.log());
  }
  trim(log);
  if (!log.members.sweeping()) compact(gone.log());
}

std::uint32_t FanOut::subscriptions_of(SubscriberId id) const {
  return subscribers_[id].subscriptions.size();
}

bool FanOut::is_subscribed(SubscriberId id, LogId log) const {
  for (const Subscription& each : subscribers_[id].subscriptions) {
    if (each.log() == log) return true;
  }
  return false;
}

// --- the outbox ---------------------------------------------------------------------------------

bool FanOut::outbox_has_room(SubscriberId id, std::size_t bytes, std::size_t beyond_limit) const {
  const Outbox* outbox = subscribers_[id].outbox.get();
  // One message larger than the whole outbox is allowed when nothing waits before it.
  return !outbox || outbox->own_size() == 0 ||
         outbox->own_size() + bytes <= options_.outbox_bytes_max + beyond_limit;
}

std::size_t FanOut::outbox_bytes(SubscriberId id) const {
  const Outbox* outbox = subscribers_[id].outbox.get();
  return outbox ? outbox->size() : 0;
}

std::optional<std::uint64_t> FanOut::backlog_bytes(SubscriberId id) {
  if (subscribers_[id].outbox && subscribers_[id].outbox->replay()) return std::nullopt;
  if (subscribers_[id].owed.gap) return std::nullopt;
  const auto sample = Backlog(*this, id).sample(Backlog::Counted::all_logs);
  if (!sample || sample->lost) return std::nullopt;
  return sample->seen.unsent_bytes;
}

bool FanOut::send(SubscriberId id, std::string_view bytes, MonoTime now, OutboxLimit limit) {
  Subscriber& subscriber = at(id);
  // After the last bytes nothing more may follow.
  if (subscriber.judged || subscriber.finishing || bytes.empty()) return true;
  if (limit == OutboxLimit::applies && !outbox_has_room(id, bytes.size())) return false;
  now_ms_ = wrapping_ms(now);
  subscriber.made_outbox().put(bytes, now_ms_);
  if (!subscriber.blocked) set_standing(id, Standing::ready);
  return true;
}

void FanOut::replay(SubscriberId id, std::unique_ptr<ReplaySource> source, MonoTime now) {
  Subscriber& subscriber = at(id);
  if (subscriber.judged || subscriber.finishing || subscriber.subscriptions.size() == 0) return;
  now_ms_ = wrapping_ms(now);
  const LogId log = subscriber.subscriptions[subscriber.subscriptions.size() - 1].log();
  // The history returns no events from before a gap: those of an answer that comes behind one are after it.
  const std::uint64_t after_gap = subscriber.owed.gap ? notices_.gap_number() : 0;
  subscriber.made_outbox().replay(now_ms_).add(log, std::move(source), after_gap);
  if (!subscriber.blocked) set_standing(id, Standing::ready);
}

void FanOut::finish(SubscriberId id, std::string_view last_bytes, MonoTime now) {
  Subscriber& subscriber = at(id);
  if (subscriber.judged || subscriber.finishing) return;
  now_ms_ = wrapping_ms(now);
  subscriber.finishing = true;
  subscriber.made_outbox().set_last(last_bytes);
  if (!subscriber.blocked) set_standing(id, Standing::ready);
}

void FanOut::finish_now(SubscriberId id, std::string_view last_bytes, MonoTime now) {
  Subscriber& subscriber = at(id);
  if (subscriber.dismissed) return;
  now_ms_ = wrapping_ms(now);
  if (subscriber.judged) forget_verdicts_of(id, verdicts_);
  subscriber.judged = false;
  unsubscribe_all(id);
  if (subscriber.finishing) {
    // The last bytes given to finish() are kept.
    if (subscriber.outbox) subscriber.outbox->release_last(now_ms_);
  } else if (!last_bytes.empty()) {
    subscriber.made_outbox().put(last_bytes, now_ms_);
  }
  subscriber.finishing = true;
  subscriber.dismissed = true;
  if (!subscriber.blocked) set_standing(id, Standing::ready);
}

// One pass over the records, 32 bytes each: all are marked before the next event is appended, so that none
// can be sent it first.
void FanOut::announce(Announcement announcement, MonoTime now) {
  now_ms_ = wrapping_ms(now);
  const Notice what = announcement.what;
  std::vector<bool> wanted(rules_.groups.size());
  for (std::size_t i = 0; i < wanted.size() && i < announcement.frames.size(); ++i) {
    wanted[i] = !announcement.frames[i].empty();
  }
  if (!notices_.announce(std::move(announcement))) return;
  for (SubscriberId id = 0; id < subscribers_.size(); ++id) {
    Subscriber& subscriber = subscribers_[id];
    if (subscriber.in_use) notices_.owe(subscriber.owed, what, wanted[subscriber.group]);
  }
  counters_.gaps_owed = notices_.gaps_owed();
}

void FanOut::on_writable(SubscriberId id) {
  const Subscriber& subscriber = at(id);
  if (subscriber.blocked && !subscriber.judged) set_standing(id, Standing::ready);
}

}  // namespace carillon::fanout
