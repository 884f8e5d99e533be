#include "bus/publisher_session.h"

#include <utility>

#include "base/assert.h"

namespace carillon::bus {
namespace {

// All that a publisher is ever sent are short lines; anything larger is no Redis.
constexpr std::size_t kReplyBulkBytesMax = 1024;

}  // namespace

PublisherSession::PublisherSession(Login login, milliseconds operation_timeout, PublisherListener& listener)
    : login_(std::move(login)), operation_timeout_(operation_timeout), listener_(listener) {}

void PublisherSession::open(MonoTime now, std::string& out) {
  reader_ = std::make_unique<RespReader>(kReplyBulkBytesMax);
  fault_.reset();
  opening_deadline_ = now + operation_timeout_;
  opening_.start(login_, out);
  append_command(out, {"PING"});  // so that a broker that wants a password says so now
  opening_.expect(OpeningStep::ping, 1);
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
  auto lost = std::exchange(waiting_, {});
  for (auto& waiting : lost) finish(waiting, PublishResult::unavailable);
}

bool PublisherSession::try_publish(std::string_view channel, std::string_view body, MonoTime now,
                                   std::string& out, PublishDone& done) {
  if (!ready() || waiting_.size() >= kWaitingMax) return false;
  append_command(out, {"PUBLISH", channel, body});
  waiting_.push_back({Purpose::publish, now + operation_timeout_, std::move(done)});
  return true;
}

void PublisherSession::append_probe(std::string_view channel, std::string_view nonce, MonoTime now,
                                    std::string& out) {
  append_command(out, {"PUBLISH", channel, nonce});
  waiting_.push_back({Purpose::probe, now + operation_timeout_, nullptr});
}

void PublisherSession::append_ping(MonoTime now, std::string& out) {
  append_command(out, {"PING"});
  waiting_.push_back({Purpose::ping, now + operation_timeout_, nullptr});
}

RespConsumer::Next PublisherSession::on_reply(const RespReply& reply) {
  if (reply.shape == RespShape::scalar && !opening_.done()) return on_opening_reply(reply.values.front());
  if (reply.shape == RespShape::array || waiting_.empty()) {
    fault_ = Fault{FaultKind::protocol, "the broker sent a reply that answers nothing"};
    return Next::stop;
  }
  Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  settle(waiting, reply.values.front());
  return Next::go_on;
}

RespConsumer::Next PublisherSession::on_opening_reply(const RespValue& value) {
  const auto step = opening_.current();
  // Who may not PING may still PUBLISH, and has shown that the broker listens.
  const bool may_not_ping =
      step == OpeningStep::ping && value.type == RespType::error && error_code(value.text) == "NOPERM";
  if (value.type == RespType::status || may_not_ping) {
    opening_.answered();
    return Next::go_on;
  }
  fault_ = value.type == RespType::error
               ? opening_refused(step, value.text)
               : Fault{FaultKind::protocol, "the broker sent a reply that answers nothing"};
  return Next::stop;
}

void PublisherSession::settle(Waiting& waiting, const RespValue& value) {
  switch (waiting.purpose) {
    case Purpose::publish:
      finish(waiting, value.type == RespType::integer ? PublishResult::accepted : PublishResult::refused);
      break;
    case Purpose::probe:
      // Any other error than this one leaves the probe unheard, and that is noticed.
      if (value.type == RespType::error && error_code(value.text) == "NOPERM") {
        listener_.on_probe_forbidden(broker_refused("PUBLISH", value.text, Quote::whole).detail);
      }
      break;
    case Purpose::ping:
      listener_.on_publisher_pong();
      break;
  }
}

void PublisherSession::finish(Waiting& waiting, PublishResult result) {
  if (waiting.purpose != Purpose::publish) return;
  listener_.on_published(result);
  if (waiting.done) waiting.done(result);
}

}  // namespace carillon::bus
