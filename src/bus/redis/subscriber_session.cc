#include "bus/redis/subscriber_session.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::bus {

SubscriberSession::SubscriberSession(Login login, Subscriptions subscriptions, SubscriberOptions options,
                                     SubscriberListener& listener)
    : login_(std::move(login)),
      subscriptions_(std::move(subscriptions)),
      options_(options),
      listener_(listener) {}

void SubscriberSession::open(MonoTime now, std::string& out) {
  // INFO is longer than an event may be where event_bytes_max is small: on_delivery() judges events.
  reader_ = std::make_unique<RespReader>(std::max(options_.event_bytes_max, kInfoBytesMax));
  fault_.reset();
  pings_unanswered_ = 0;
  receives_probes_ = true;
  identity_ = {};
  opening_deadline_ = now + options_.operation_timeout;
  opening_.start(login_, out);
  if (options_.ask_identity == AskIdentity::yes) append_identity_questions(opening_, out);
  // A command each: Redis refuses a command whole when one of its channels is not permitted, and does not
  // show which.
  for (const auto& request : subscriptions_.requests()) {
    const bool by_glob = request.command == Subscriptions::Command::psubscribe;
    append_command(out, {by_glob ? "PSUBSCRIBE" : "SUBSCRIBE", request.argument});
    opening_.expect(by_glob ? OpeningStep::psubscribe : OpeningStep::subscribe, request.argument);
  }
  append_command(out, {"SUBSCRIBE", subscriptions_.probe_channel()});
  opening_.expect(OpeningStep::subscribe_probe, subscriptions_.probe_channel());
  if (subscriptions_.followed().empty()) return;
  append_command(out, {"SUBSCRIBE", subscriptions_.followed()});
  opening_.expect(OpeningStep::subscribe_followed, subscriptions_.followed());
}

std::optional<Fault> SubscriberSession::feed(std::string_view bytes, MonoTime) {
  CARILLON_ASSERT(reader_ != nullptr);
  if (reader_->feed(bytes, *this) == RespReader::Outcome::broken && !fault_) {
    fault_ = Fault{FaultKind::protocol, "the broker sent " + std::string(reader_->fault())};
  }
  return fault_;
}

std::optional<Fault> SubscriberSession::advance(MonoTime now) {
  if (opening_.done() || now < opening_deadline_) return std::nullopt;
  return Fault{FaultKind::silent, "the broker did not answer the subscription in time"};
}

MonoTime SubscriberSession::next_deadline() const {
  return reader_ == nullptr || opening_.done() ? MonoTime::max() : opening_deadline_;
}

void SubscriberSession::append_ping(std::string& out) {
  ++pings_unanswered_;
  append_command(out, {"PING"});
}

RespConsumer::Next SubscriberSession::on_reply(const RespReply& reply) {
  return reply.shape == RespShape::array ? on_array(reply.values) : on_scalar(reply.values.front());
}

RespConsumer::Next SubscriberSession::on_array(std::span<const RespValue> values) {
  if (values.size() == 2 && values[0].text == "pong" && pings_unanswered_ > 0) {
    --pings_unanswered_;
    listener_.on_pong();
    return Next::go_on;
  }
  if (values.size() == 4 || (values.size() == 3 && values[0].text == "message")) return on_delivery(values);
  const bool is_acknowledgement =
      values.size() == 3 && values[2].type == RespType::integer && !opening_.done();
  if (is_acknowledgement) {
    const bool is_glob = opening_.current() == OpeningStep::psubscribe;
    const bool is_name = opening_.current() == OpeningStep::subscribe ||
                         opening_.current() == OpeningStep::subscribe_probe ||
                         opening_.current() == OpeningStep::subscribe_followed;
    if ((is_glob && values[0].text == "psubscribe") || (is_name && values[0].text == "subscribe")) {
      opening_.answered();
      return Next::go_on;
    }
  }
  return fail(FaultKind::protocol, "the broker sent an array in reply to no command");
}

RespConsumer::Next SubscriberSession::on_delivery(std::span<const RespValue> values) {
  const bool by_glob = values.size() == 4;
  if (by_glob && values[0].text != "pmessage") {
    return fail(FaultKind::protocol, "the broker sent an array in reply to no command");
  }
  for (const auto& value : values) {
    if (value.type == RespType::oversize) {
      const RespValue& channel = values[values.size() - 2];
      listener_.on_oversize(channel.type == RespType::bulk ? channel.text : std::string_view());
      return Next::go_on;
    }
    if (value.type != RespType::bulk)
      return fail(FaultKind::protocol, "the broker sent a message without a body");
  }
  const auto channel = values[values.size() - 2].text;
  const auto body = values[values.size() - 1].text;
  const auto verdict =
      by_glob ? subscriptions_.judge_by_glob(values[1].text, channel) : subscriptions_.judge_by_name(channel);
  if (verdict == Subscriptions::Verdict::deliver && body.size() > options_.event_bytes_max) {
    listener_.on_oversize(channel);
  } else if (verdict == Subscriptions::Verdict::deliver) {
    listener_.on_message(channel, body);
  } else if (verdict == Subscriptions::Verdict::reserved && !by_glob) {
    const bool is_followed = channel == subscriptions_.followed() && body.starts_with(kMarkerPrefix);
    if (is_followed || channel == probe_channel()) listener_.on_probe_received(body);
  }
  return Next::go_on;
}

RespConsumer::Next SubscriberSession::on_scalar(const RespValue& value) {
  if (!opening_.done()) {
    const auto step = opening_.current();
    if (step == OpeningStep::info_server || step == OpeningStep::info_replication) return on_identity(value);
    if (value.type == RespType::error) return on_opening_error(value.text);
    if (value.type == RespType::status && (step == OpeningStep::auth || step == OpeningStep::select)) {
      opening_.answered();
      return Next::go_on;
    }
  } else if (pings_unanswered_ > 0) {
    // A refusal too shows that the connection is alive; a plain +PONG comes when nothing is subscribed.
    --pings_unanswered_;
    listener_.on_pong();
    return Next::go_on;
  } else if (value.type == RespType::error) {
    fault_ = broker_refused("the subscription", {}, value.text, Quote::whole);
    return Next::stop;
  }
  return fail(FaultKind::protocol, "the broker sent a reply to no command");
}

RespConsumer::Next SubscriberSession::on_opening_error(std::string_view line) {
  const auto step = opening_.current();
  if (step == OpeningStep::subscribe_followed && error_code(line) == "NOPERM") {
    opening_.answered();  // its markers do not come, which is noticed where they are waited for
    return Next::go_on;
  }
  if (step == OpeningStep::subscribe_probe && error_code(line) == "NOPERM") {
    receives_probes_ = false;
    probe_refusal_ = opening_refused(step, opening_.channel(), line).detail;
    opening_.answered();
    return Next::go_on;
  }
  fault_ = opening_refused(step, opening_.channel(), line);
  return Next::stop;
}

RespConsumer::Next SubscriberSession::on_identity(const RespValue& value) {
  fault_ = take_identity_answer(identity_, opening_.current(), value);
  if (!fault_) fault_ = wrong_role(identity_, options_.role);
  if (fault_) return Next::stop;
  opening_.answered();
  return Next::go_on;
}

RespConsumer::Next SubscriberSession::fail(FaultKind kind, std::string detail) {
  fault_ = Fault{kind, std::move(detail)};
  return Next::stop;
}

}  // namespace carillon::bus
