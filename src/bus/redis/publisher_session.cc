#include "bus/redis/publisher_session.h"

#include <utility>

#include "base/assert.h"
#include "base/soft_allocation.h"

namespace carillon::bus {
namespace {

// Bytes of a PUBLISH command in addition to channel and body: lengths and separators.
constexpr std::size_t kCommandOverheadBytes = 128;

}  // namespace

PublisherSession::PublisherSession(Login login, PublisherOptions options, PublisherListener& listener)
    : login_(std::move(login)), options_(options), listener_(listener) {}

void PublisherSession::open(MonoTime now, std::string& out) {
  // INFO is the longest answer that a publisher is ever sent; anything larger is no Redis.
  reader_ = std::make_unique<RespReader>(kInfoBytesMax);
  fault_.reset();
  identity_ = {};
  must_ask_role_ = false;
  opening_deadline_ = now + options_.operation_timeout;
  opening_.start(login_, out);
  append_command(out, {"PING"});  // so that a broker that requires a password reports it now
  opening_.expect(OpeningStep::ping);
  if (options_.ask_identity == AskIdentity::yes) append_identity_questions(opening_, out);
}

std::optional<Fault> PublisherSession::feed(std::string_view bytes, MonoTime) {
  CARILLON_ASSERT(reader_ != nullptr);
  if (reader_->feed(bytes, *this) == RespReader::Outcome::broken && !fault_) {
    fault_ = Fault{FaultKind::protocol, "the broker sent " + std::string(reader_->fault())};
  }
  return fault_;
}

std::optional<Fault> PublisherSession::advance(MonoTime now) {
  if (reader_ == nullptr) return std::nullopt;
  if (!opening_.done()) {
    if (now < opening_deadline_) return std::nullopt;
    return Fault{FaultKind::silent, "the broker did not answer PING in time"};
  }
  if (waiting_.empty() || now < waiting_.front().deadline) return std::nullopt;
  while (!waiting_.empty() && now >= waiting_.front().deadline) {
    Waiting overdue = std::move(waiting_.front());
    waiting_.pop_front();
    finish(overdue, PublishResult::timed_out);
  }
  return Fault{FaultKind::silent, "the broker did not answer PUBLISH in time"};
}

MonoTime PublisherSession::next_deadline() const {
  if (reader_ == nullptr) return MonoTime::max();
  if (!opening_.done()) return opening_deadline_;
  return waiting_.empty() ? MonoTime::max() : waiting_.front().deadline;
}

void PublisherSession::close() {
  reader_.reset();
  // Taken out first: a `done` may publish again, which is then refused as not ready.
  auto unconfirmed = std::exchange(unconfirmed_, {});
  auto lost = std::exchange(waiting_, {});
  for (auto& waiting : unconfirmed) finish(waiting, PublishResult::unavailable);
  for (auto& waiting : lost) finish(waiting, PublishResult::unavailable);
}

bool PublisherSession::try_publish(std::string_view channel, std::string_view body, MonoTime now,
                                   std::string& out, PublishDone& done) {
  if (!ready() || publishes_waiting_ >= kWaitingMax) return false;
  // Nothing may fail between the command and its place among those that wait, or replies would be mixed up.
  if (!try_make_room(out, channel.size() + body.size() + kCommandOverheadBytes)) return false;
  waiting_.push_back(
      {Purpose::publish, now + options_.operation_timeout, std::string(channel), std::move(done)});
  ++publishes_waiting_;
  append_command(out, {"PUBLISH", channel, body});
  must_ask_role_ = confirms_role();
  return true;
}

bool PublisherSession::confirms_role() const {
  return options_.role == BrokerRole::master && identity_.role == ServerIdentity::Role::master &&
         !identity_.in_cluster;
}

void PublisherSession::before_write(MonoTime now, std::string& out) {
  if (!std::exchange(must_ask_role_, false)) return;
  append_command(out, {"INFO", "replication"});
  waiting_.push_back({Purpose::role, now + options_.operation_timeout, {}, nullptr});
}

void PublisherSession::append_probe(std::string_view channel, std::string_view nonce, MonoTime now,
                                    std::string& out) {
  append_command(out, {"PUBLISH", channel, nonce});
  waiting_.push_back({Purpose::probe, now + options_.operation_timeout, std::string(channel), nullptr});
}

void PublisherSession::append_ping(MonoTime now, std::string& out) {
  append_command(out, {"PING"});
  waiting_.push_back({Purpose::ping, now + options_.operation_timeout, {}, nullptr});
}

RespConsumer::Next PublisherSession::on_reply(const RespReply& reply) {
  if (reply.shape == RespShape::scalar && !opening_.done()) return on_opening_reply(reply.values.front());
  if (reply.shape == RespShape::array || waiting_.empty()) {
    fault_ = Fault{FaultKind::protocol, "the broker sent a reply to no command"};
    return Next::stop;
  }
  Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  return settle(std::move(waiting), reply.values.front());
}

RespConsumer::Next PublisherSession::on_opening_reply(const RespValue& value) {
  const auto step = opening_.current();
  if (step == OpeningStep::info_server || step == OpeningStep::info_replication) {
    fault_ = take_identity_answer(identity_, step, value);
    if (!fault_) fault_ = wrong_role(identity_, options_.role);
    if (fault_) return Next::stop;
    opening_.answered();
    return Next::go_on;
  }
  // A user without PING permission may still PUBLISH, and its reply shows that the broker is alive.
  const bool may_not_ping =
      step == OpeningStep::ping && value.type == RespType::error && error_code(value.text) == "NOPERM";
  if (value.type == RespType::status || may_not_ping) {
    opening_.answered();
    return Next::go_on;
  }
  fault_ = value.type == RespType::error
               ? opening_refused(step, {}, value.text)
               : Fault{FaultKind::protocol, "the broker sent a reply to no command"};
  return Next::stop;
}

RespConsumer::Next PublisherSession::settle(Waiting waiting, const RespValue& value) {
  switch (waiting.purpose) {
    case Purpose::publish:
      on_publish_reply(std::move(waiting), value);
      break;
    case Purpose::probe:
      // After any other error the probe does not return, and its deadline passes.
      if (value.type == RespType::error && error_code(value.text) == "NOPERM") {
        listener_.on_probe_forbidden(
            broker_refused("PUBLISH", waiting.channel, value.text, Quote::whole).detail);
      }
      break;
    case Purpose::ping:
      listener_.on_publisher_pong();
      break;
    case Purpose::role:
      return on_role(value);
  }
  return Next::go_on;
}

void PublisherSession::on_publish_reply(Waiting waiting, const RespValue& value) {
  waiting.result = value.type == RespType::integer ? PublishResult::accepted : PublishResult::refused;
  if (value.type == RespType::error) {
    listener_.on_publish_refused(broker_refused("PUBLISH", waiting.channel, value.text, Quote::whole).detail);
  }
  if (waiting.result == PublishResult::accepted && confirms_role()) {
    unconfirmed_.push_back(std::move(waiting));
  } else {
    finish(waiting, waiting.result);
  }
}

RespConsumer::Next PublisherSession::on_role(const RespValue& value) {
  fault_ = take_identity_answer(identity_, OpeningStep::info_replication, value);
  if (!fault_) fault_ = wrong_role(identity_, options_.role);
  if (fault_) return Next::stop;  // what is unconfirmed becomes unavailable in close()
  confirm_all();
  return Next::go_on;
}

void PublisherSession::confirm_all() {
  auto confirmed = std::exchange(unconfirmed_, {});
  for (auto& waiting : confirmed) finish(waiting, waiting.result);
}

void PublisherSession::finish(Waiting& waiting, PublishResult result) {
  if (waiting.purpose != Purpose::publish) return;
  --publishes_waiting_;  // first: `done` may publish again
  listener_.on_published(result);
  if (waiting.done) waiting.done(result);
}

}  // namespace carillon::bus
