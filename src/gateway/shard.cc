#include "gateway/shard.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;

static_assert(ConnectionTable::kConnectionsMax <= fanout::Subscription::kPositionsMax);
namespace {

// Time per turn for writing. A new event waits for half of it on average before it is read, and a turn costs
// a few microseconds, so a shorter slice gains nothing.
constexpr std::chrono::microseconds kSlice(500);
// Time per turn for reading; while events wait to be written, a quarter of the write slice.
constexpr std::chrono::microseconds kReadSlice(1000);
constexpr std::chrono::microseconds kReadSliceBesideWrites(125);
constexpr auto kLagCheckEvery = milliseconds(250);
// A stall is the process not running (SIGSTOP, a frozen machine), not a busy turn.
constexpr auto kStall = milliseconds(1000);
constexpr auto kLagCheckAfterStall = milliseconds(500);

bool has_other_deadlines(const config::EndpointSettings& before, const config::EndpointSettings& now) {
  return before.keepalive != now.keepalive || before.auth.close_at_exp != now.auth.close_at_exp;
}

fanout::FanOutOptions fan_out_options(const Shared& shared, fanout::FanOutSamples& samples) {
  fanout::FanOutOptions options{shared.frame_memory};
  options.samples = &samples;
  options.outbox_bytes_max = shared.settings->server.outbox_bytes_max;
  return options;
}

// Group 0 is that of sockets that speak HTTP; the others are those of the endpoints, in order.
void publish_sent(const std::vector<fanout::SentCounters>& sent, ShardCounters& counters) {
  counters.http_bytes_out.set(sent.front().bytes);
  for (std::size_t i = 0; i < counters.endpoints.size(); ++i) {
    counters.endpoints[i].deliveries.set(sent[i + 1].deliveries);
    counters.endpoints[i].bytes_out.set(sent[i + 1].bytes);
  }
}

void publish(const fanout::FanOutCounters& engine, ShardCounters& counters) {
  counters.writes.set(engine.writes);
  counters.retained_bytes.set(engine.retained_bytes);
  counters.blocked.set(engine.blocked);
  counters.overruns.set(engine.overruns);
  counters.slow_by_bytes.set(engine.slow_by_bytes);
  counters.slow_by_age.set(engine.slow_by_age);
  counters.slow_by_memory.set(engine.slow_by_memory);
  counters.late.set(engine.late);
  counters.gap_frames_slow.set(engine.gaps_sent);
  counters.events_skipped.set(engine.events_skipped);
  counters.gap_frames_owed.set(engine.gaps_owed);
  const auto sent = [&](fanout::Notice what) { return engine.notices_sent[static_cast<std::size_t>(what)]; };
  counters.gap_frames_bus.set(sent(fanout::Notice::gap));
  counters.degraded_frames.set(sent(fanout::Notice::degraded));
  counters.restored_frames.set(sent(fanout::Notice::restored));
}

}  // namespace

Result<std::unique_ptr<Shard>> Shard::create(const Shared& shared, reactor::Loop& loop, Sockets& sockets,
                                             Place place, std::uint32_t number, ResumeService* history) {
  auto wake = reactor::WakeFd::create();
  if (!wake) return tl::unexpected(wake.error());
  std::unique_ptr<Shard> shard(new Shard(shared, loop, sockets, place, number, history, std::move(*wake)));
  if (auto made = shard->http_.upgrades().make_authenticators(); !made) return tl::unexpected(made.error());
  return shard;
}

Shard::Shard(const Shared& shared, reactor::Loop& loop, Sockets& sockets, Place place, std::uint32_t number,
             ResumeService* history, reactor::WakeFd wake)
    : shared_(shared),
      loop_(loop),
      counters_(shared.endpoints.size()),
      samples_(sockets, counters_),
      acceptor_(shared_, loop, sockets, clients_, fan_out_, counters_, number),
      clients_(shared_, loop, sockets, fan_out_, counters_, *this, number),
      fan_out_(clients_, fan_out_options(shared, samples_), shared.endpoints.lag_rules(), &compressor_),
      keepalive_(clients_, sessions_, loop),
      paced_{ShardDrain(shared_, loop, clients_, fan_out_, counters_), KeyCloses(clients_)},
      sessions_({{shared_, loop, sockets, clients_, fan_out_, paced_.drain, counters_},
                 keepalive_,
                 audiences_,
                 compressor_.deflater(),
                 history,
                 this}),
      audiences_({fan_out_, loop, sessions_, counters_, shared_.endpoints, shared.settings->server},
                 shared.channels_key, place, std::move(wake)),
      http_(shared_, loop, clients_, acceptor_, sessions_, counters_),
      reader_({loop, sockets, clients_, acceptor_, http_, sessions_, counters_}) {
  loop_.set_turn_task(this);
}

Shard::~Shard() {
  loop_.set_turn_task(nullptr);
  close_sockets();
}

void Shard::close_sockets() {
  clients_.close_all();
  acceptor_.stop_listening();
}

void Shard::use(const NewSettings& next) {
  const Shared before = shared_;
  shared_.settings = next.settings;
  shared_.endpoints.replace(next.endpoints);
  if (next.has_other_auth && !make_authenticators(before)) return;
  fan_out_.set_rules(shared_.endpoints.lag_rules());
  audiences_.on_settings_replaced();
  clients_.log().incidents().set_redaction(redaction_of(*next.settings));
  acceptor_.on_settings_replaced(next.tls_by_listen);
  sessions_.count_by_new_limits();
  if (next.closes_removed) {
    const config::ServerSettings& server = next.settings->server;
    const std::uint32_t rate = std::max(server.drain_rate / std::max(server.shards, 1U), 1U);
    paced_.removed_keys.begin(loop_.now(), server.drain, rate,
                              [this](const Endpoint& endpoint, auth::KeyMark key) {
                                return http_.upgrades().trusts(endpoint, key);
                              });
  }
  for (const Endpoint& endpoint : shared_.endpoints) {
    if (has_other_deadlines(before.endpoints[endpoint.index].settings, endpoint.settings)) {
      keepalive_.restart(endpoint);
    }
  }
}

// Node has made the authenticators once with the same keys, so this fails only when memory runs out. The
// shard then keeps its settings.
bool Shard::make_authenticators(const Shared& before) {
  const auto made = http_.upgrades().make_authenticators();
  if (made) return true;
  shared_.settings = before.settings;
  shared_.endpoints = before.endpoints;
  shared_.log.error("the new settings are not in use on this shard",
                    {{"reason", std::string_view(made.error().message)}});
  return false;
}

void Shard::begin_drain(milliseconds window, DrainKind kind) {
  paced_.drain.begin(loop_.now(), window, kind);
  http_.begin_drain();
}

// Those clients are closed in this turn, when the verdicts are carried out.
void Shard::shed_for_memory() { fan_out_.shed_furthest_behind(loop_.now()); }

// --- the turn -----------------------------------------------------------------------------------

// Read before timers run: bytes that arrived in time must not count as late.
void Shard::read_input(MonoTime now) {
  notice_stall(now);
  reader_.read_waiting(fan_out_.has_work() ? kReadSliceBesideWrites : kReadSlice);
}

MonoTime Shard::on_turn(MonoTime now) {
  http_.send_responded();
  http_.judge_waiting();
  clients_.wheel().advance(now, [this](Index index) { on_timer(index); });
  if (paced_.drain.has_begun()) paced_.drain.take_step(now);
  paced_.removed_keys.take_step(now);
  if (now >= next_.lag_check) {
    next_.lag_check = now + kLagCheckEvery;
    sessions_.sweep(now);
    fan_out_.check_lag(now);
  }
  sessions_.send_requests();
  clients_.begin_slice(kSlice);
  fan_out_.run_slice(now);
  while (clients_.carry_out_verdicts()) continue;
  reader_.resume_paused();
  clients_.table().reuse_given_back();
  acceptor_.accept_waiting(now);
  audiences_.remove_deserted();
  publish(fan_out_.counters(), counters_);
  publish_sent(fan_out_.counters().sent, counters_);
  audiences_.publish_counters();
  counters_.http_connections.set(acceptor_.http_connections());
  counters_.upgrades_waiting.set(http_.upgrades().waiting());

  next_.wake = std::min({clients_.wheel().next_deadline(), acceptor_.next_wake(), paced_.drain.next_wake(now),
                         paced_.removed_keys.next_wake(now)});
  if (fan_out_.counters().blocked > 0) next_.wake = std::min(next_.wake, next_.lag_check);
  // Verdicts and resumed readers have given the engine work again after its slice.
  if (fan_out_.has_work() || !clients_.reads().empty() || http_.has_responded() ||
      http_.upgrades().has_next() || sessions_.has_requests()) {
    next_.wake = now;
  }
  return next_.wake;
}

void Shard::notice_stall(MonoTime now) {
  if (next_.wake == MonoTime::max() || now <= next_.wake + kStall) return;
  keepalive_.note_stall(now);
  acceptor_.note_stall(now);
  // No client counts as slow before epoll has reported which of them have read meanwhile.
  next_.lag_check = now + kLagCheckAfterStall;
}

void Shard::on_timer(Index index) {
  switch (clients_[index].state) {
    case State::proxy_header:
    case State::head:
    case State::body:
    case State::answering:
      if (reader_.is_before_http(index)) {
        reader_.on_deadline(index);
      } else {
        http_.on_deadline(index);
      }
      return;
    case State::open:
      keepalive_.on_deadline(index);
      return;
    case State::closing:
    case State::lingering:
      clients_.on_closing_deadline(index);
      return;
    case State::unused:
      CARILLON_ASSERT(false);
  }
}

// --- ends of clients, as Clients reports them ---------------------------------------------------

void Shard::on_left(Index index) { sessions_.on_left(index); }

void Shard::on_released(Index index) {
  sessions_.on_released(index);
  acceptor_.on_released();
}

}  // namespace carillon::gateway
