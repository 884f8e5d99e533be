#include "gateway/history_handover.h"

#include <utility>

namespace carillon::gateway {
namespace {

std::string with_prefix(std::string_view marker) { return std::string(bus::kMarkerPrefix).append(marker); }

}  // namespace

HistoryHandover::HistoryHandover(Parts parts)
    : parts_(std::move(parts)), is_waiting_(parts_.inherited && parts_.history.is_used()) {
  parts_.gate.call_on_marker([this](std::string_view marker) { on_marker(marker); });
  if (is_waiting_) parts_.gate.close_until(with_prefix(parts_.node_id));
}

HistoryHandover::~HistoryHandover() { parts_.loop.cancel(timer_); }

std::optional<InheritedNumbers> HistoryHandover::numbers() const {
  const std::string_view channel = bus_->marker_channel();
  if (!parts_.history.is_used() || channel.empty()) return std::nullopt;
  return InheritedNumbers{parts_.history.epoch(), parts_.router.last_event(), std::string(channel)};
}

void HistoryHandover::offer(std::string_view marker, Offered done) {
  if (offered_) return done(failure("another process is taking over already"));
  const auto own = numbers();
  if (!own) return done(failure("no endpoint has a history, or the bus has no markers"));
  offered_ = std::move(done);
  marker_ = with_prefix(marker);
  timer_ = parts_.loop.call_after(kMarkerPatience, [this] {
    timer_ = 0;
    end_offer(failure("its marker did not come back from the bus"));
  });
  // Whether the broker has taken it shows when it comes back.
  bus_->publish(own->marker_channel, marker_, {});
}

void HistoryHandover::on_marker(std::string_view marker) {
  if (!offered_ || marker != marker_) return;
  OfferedHistory offered = parts_.history.offer();
  offered.sources = parts_.sources;
  offered.last_event = parts_.router.last_event();
  parts_.router.share_numbers(Router::Sharer::giver);
  end_offer(std::move(offered));
}

void HistoryHandover::end_offer(Result<OfferedHistory> result) {
  parts_.loop.cancel(std::exchange(timer_, 0));
  marker_.clear();
  std::exchange(offered_, nullptr)(std::move(result));
}

Result<std::uint64_t> HistoryHandover::adopt(const OfferedHistory& offered, std::string_view bytes) {
  const EventGate::State state = parts_.gate.state();
  std::string fault;
  if (state == EventGate::State::failed) {
    fault = "the bus had a gap, or more events came than may wait, before the history was there";
  } else if (state != EventGate::State::holding) {
    fault = "the marker did not come";
  } else if (offered.sources != parts_.sources) {
    fault = "the channels of the endpoints, or bus.event_bytes_max, are not those of the other process";
  }
  if (!fault.empty()) {
    give_up();
    return failure(std::move(fault));
  }
  is_waiting_ = false;
  parts_.router.begin_after(offered.last_event);
  parts_.router.share_numbers(Router::Sharer::taker);
  auto events = parts_.history.adopt(offered, bytes);
  parts_.gate.open();
  return events;
}

void HistoryHandover::give_up() {
  if (!std::exchange(is_waiting_, false)) return;
  const std::uint64_t first = parts_.inherited->last_event + Router::kTakerStep;
  parts_.router.begin_after(first);
  parts_.history.note_gap(first);
  parts_.gate.open();
}

}  // namespace carillon::gateway
