#include "bus/redis/address_check.h"

#include <utility>

#include "bus/counting.h"

namespace carillon::bus {

AddressCheck::AddressCheck(Login login, const BusOptions& options, std::string display_url,
                           const Connector& connector, reactor::Loop& loop, Log& log, BusCounters& counters,
                           AddressCheckOwner& owner)
    : login_(std::move(login)),
      interval_(options.address_check_interval),
      operation_timeout_(options.operation_timeout),
      role_(options.role),
      display_url_(std::move(display_url)),
      connector_(connector),
      loop_(loop),
      log_(log),
      counters_(counters),
      owner_(owner),
      pace_(interval_.value_or(milliseconds(0))) {
  login_.database = 0;  // INFO is about the whole server
}

AddressCheck::~AddressCheck() { loop_.cancel(timer_); }

void AddressCheck::start(const ServerIdentity& ours) {
  stop();
  if (!interval_) return;
  ours_ = ours;
  if (ours_.run_id.empty()) {
    if (std::exchange(warned_of_no_identity_, true)) return;
    log_.warning(
        "bus does not report its run_id: a failover behind its address cannot be detected",
        {{"bus", std::string_view(display_url_)},
         {"reason", std::string_view(ours_.refusal.empty() ? "INFO has no run_id" : ours_.refusal)}});
    return;
  }
  arm();
}

void AddressCheck::stop() {
  loop_.cancel(std::exchange(timer_, 0));
  stream_.reset();
}

void AddressCheck::arm() {
  timer_ = loop_.call_after(pace_.wait(), [this] { ask(); });
}

void AddressCheck::ask() {
  reader_ = std::make_unique<RespReader>(kInfoBytesMax);
  found_ = {};
  fault_.reset();
  timer_ = loop_.call_after(operation_timeout_, [this] { missed("no answer in time"); });
  stream_ = connector_(*this);
}

void AddressCheck::on_connected() {
  std::string out;
  opening_.start(login_, out);
  append_identity_questions(opening_, out);
  stream_->write(out);
}

void AddressCheck::on_bytes(std::string_view bytes) {
  const auto outcome = reader_->feed(bytes, *this);
  if (outcome == RespReader::Outcome::broken) {
    missed("the broker sent " + std::string(reader_->fault()));
  } else if (fault_) {
    missed(fault_->detail);
  } else if (opening_.done()) {
    on_answer();
  }
}

RespConsumer::Next AddressCheck::on_reply(const RespReply& reply) {
  if (reply.shape == RespShape::array || opening_.done()) {
    fault_ = Fault{FaultKind::protocol, "the broker sent a reply to no command"};
    return Next::stop;
  }
  const auto& value = reply.values.front();
  const auto step = opening_.current();
  if (step == OpeningStep::info_server || step == OpeningStep::info_replication) {
    fault_ = take_identity_answer(found_, step, value);
  } else if (value.type == RespType::error) {
    fault_ = opening_refused(step, {}, value.text);
  }
  if (fault_) return Next::stop;
  opening_.answered();
  return Next::go_on;
}

void AddressCheck::on_closed(const Error& reason) { missed(reason.message); }

void AddressCheck::end_question() {
  loop_.cancel(std::exchange(timer_, 0));
  stream_.reset();
}

void AddressCheck::missed(const std::string& reason) {
  end_question();
  bump(counters_.address_checks_missed);
  if (last_line_ == MonoTime{} || loop_.now() - last_line_ >= kReminder) {
    last_line_ = loop_.now();
    log_.warning("bus address check got no answer; the open connections are kept",
                 {{"bus", std::string_view(display_url_)}, {"reason", std::string_view(reason)}});
  }
  arm();
}

void AddressCheck::on_answer() {
  end_question();
  if (found_.run_id.empty()) {
    missed(found_.refusal.empty() ? "INFO has no run_id" : found_.refusal);
    return;
  }
  bump(counters_.address_checks);
  auto fault = wrong_role(found_, role_);
  if (fault) {
    bump(counters_.failovers_demoted);
  } else if (!may_be_same_server(ours_, found_)) {
    bump(counters_.failovers_to_other);
    fault = Fault{FaultKind::network, "another server answers at the broker's address now (run_id " +
                                          found_.run_id + "): the open connections were to the old server"};
  } else {
    pace_.on_same();
    arm();
    return;
  }
  pace_.on_failover();
  owner_.on_failover(*fault);
}

}  // namespace carillon::bus
