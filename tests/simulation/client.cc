#include "client.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace carillon::simulation {
namespace {

// A client may be judged slow so long after its socket last refused bytes: the limits on lag of the
// configuration (node_slot.cc), and a pause of the node.
constexpr auto kSlowAfterShortWrite = seconds(12);
constexpr auto kAll = static_cast<std::size_t>(-1);
constexpr std::string_view kDrainFrame = R"({"drain":)";

}  // namespace

std::string_view name_of(Kind kind) {
  static constexpr std::string_view kNames[] = {"well-behaved", "slow",         "silent",
                                                "abusive",      "reconnecting", "half-open"};
  static_assert(std::size(kNames) == kKinds);
  return kNames[static_cast<std::size_t>(kind)];
}

SimulatedClient::SimulatedClient(ClientHost& host, NodeView& node, Kind kind, Profile profile, int number)
    : host_(host),
      node_(node),
      kind_(kind),
      profile_(profile),
      number_(number),
      wire_(host.sockets(), host.clock()),
      expected_(*node.feed) {}

std::string SimulatedClient::text() const {
  return std::string(name_of(kind_)) + " " + std::string(name_of(profile_)) + " client " +
         std::to_string(number_) + " (socket " + std::to_string(wire_.fd()) + ")";
}

void SimulatedClient::judge(const Expectations::Fault& fault) {
  if (fault) fail(*fault);
}

void SimulatedClient::connect() {
  const auto listeners = host_.sockets().listeners_of(node_.number);
  if (listeners.empty()) {
    phase_ = Phase::gone;
    return;
  }
  Dice& dice = host_.dice();
  const int listener = listeners[dice.below(static_cast<std::uint32_t>(listeners.size()))];
  wire_.connect(listener, "192.0.2." + std::to_string(1 + dice.below(200)));
  VirtualSocket& socket = wire_.socket();
  if (kind_ == Kind::slow) socket.buffer_max = 512 + dice.below(4096);
  if (kind_ == Kind::half_open) socket.buffer_max = 256 + dice.below(8192);
  if (dice.chance(10)) socket.read_bytes_max = 1 + dice.below(50);
  request_ = request_of(host_, kind_, profile_);
  if (kind_ == Kind::silent && dice.chance(20)) return;  // silent from the start
  if (dice.chance(15)) {
    request_.in_parts = true;
    const std::size_t part = 1 + dice.below(static_cast<std::uint32_t>(request_.unsent.size() - 1));
    wire_.send(request_.unsent.substr(0, part));
    request_.unsent.erase(0, part);
    return;
  }
  request_.earliest = applied();
  wire_.send(std::exchange(request_.unsent, {}));
}

// How far its shard has taken events from the feed.
std::uint64_t SimulatedClient::applied() const {
  return node_.applied[static_cast<std::size_t>(wire_.socket().shard)];
}

// --- what it receives ---------------------------------------------------------------------------

void SimulatedClient::on_changed() {
  if (phase_ == Phase::gone) return;
  if (reads_eagerly() || calm_) read(kAll);
  if (phase_ == Phase::gone) return;
  const VirtualSocket& socket = wire_.socket();
  if (!socket.is_open()) {
    if (!socket.node_reset) read(kAll);
    if (phase_ != Phase::gone) on_ended();
  } else if (socket.node_ended && !wire_.has_vanished() && socket.to_client.empty()) {
    wire_.end();
  }
}

void SimulatedClient::read(std::size_t bytes_max) {
  wire_.receive(bytes_max);
  if (phase_ == Phase::connecting) {
    const auto head = wire_.take_head();
    if (!head) return;
    on_head(*head);
  }
  while (phase_ == Phase::open || phase_ == Phase::closing) {
    const auto frame = wire_.take_frame();
    if (!frame) return;
    on_frame(*frame);
  }
}

void SimulatedClient::on_head(const std::string& head) {
  if (!head.starts_with("HTTP/1.1 101")) {
    const std::string status = head.substr(9, 3);
    const bool our_fault = misbehaved_ || !request_.unsent.empty() || request_.in_parts || request_.expires;
    if (!our_fault && status != "503" && status != "429") fail("refused with " + status);
    return leave();
  }
  phase_ = Phase::open;
  Feed& feed = *node_.feed;
  const FeedList& list = profile_ == Profile::service ? feed.of_channel("") : feed.of_endpoint(profile_);
  const bool ends_at_gap = profile_ == Profile::orion && node_.orion_ends_at_gap;
  expected_.begin(Stream(feed, list, request_.types, request_.earliest,
                         wire_.fed_when_written().value_or(feed.size()), ends_at_gap));
}

void SimulatedClient::on_frame(const Wire::Frame& frame) {
  if (phase_ == Phase::closing) return fail("a frame after the close frame");
  if (has_drain_frame_ && frame.first != 0x88) return fail("a frame after the last frame of a drain");
  switch (frame.first) {
    case 0x81:
      if (frame.payload.starts_with(kDrainFrame)) return on_drain_frame(frame.payload);
      if (profile_ == Profile::service) return on_service_text(frame.payload);
      if (profile_ == Profile::grimnir && frame.payload == R"({"type":"ping"})") return;
      return on_event(frame.payload);
    case 0x88:
      return on_close_frame(frame.payload);
    case 0x89:
      if (kind_ != Kind::silent || calm_) wire_.send_frame(10, frame.payload);
      return;
    case 0x8a:
      if (!misbehaved_) fail("a pong that was not asked for");
      return;
    default:
      fail("a frame that begins with byte " + std::to_string(frame.first));
  }
}

void SimulatedClient::on_event(std::string_view payload) {
  const std::uint32_t serial = serial_in(payload);
  if (serial == 0) return fail("unexpected text: " + std::string(payload.substr(0, 200)));
  judge(expected_.check_event(serial, host_.channel_of(serial), misbehaved_));
}

void SimulatedClient::on_service_text(std::string_view payload) {
  constexpr std::string_view kType = R"({"type":")";
  const auto holds = [payload](std::string_view words) {
    return payload.find(words) != std::string_view::npos;
  };
  if (!payload.starts_with(kType)) return fail("unexpected text: " + std::string(payload.substr(0, 200)));
  const std::string_view type = payload.substr(kType.size(), payload.find('"', kType.size()) - kType.size());
  if (misbehaved_ && serial_in(payload) == 0) return;  // it does not know what it has asked for
  const bool is_reply = type == "subscribed" || type == "unsubscribed" || type == "pong";
  const bool expired = holds("Token expired");
  if (is_reply || (type == "error" && holds("unauthorized") && !expired)) {
    if (!misbehaved_)
      judge(expected_.check_reply(type, wire_.fed_when_written().value_or(node_.feed->size())));
    return;
  }
  if (type != "error") return on_event(payload);
  if (misbehaved_ || (expired && request_.expires)) return;
  if (!holds("not published") && !holds("internal_error")) {
    return fail("an error without a cause: " + std::string(payload.substr(0, 200)));
  }
  judge(expected_.check_failed_publish());
}

// --- how it ends --------------------------------------------------------------------------------

// Its close frame follows. With few clients the hint is one to two seconds, and a little more on a shard that
// has more of them than the other.
void SimulatedClient::on_drain_frame(std::string_view payload) {
  has_drain_frame_ = true;
  const std::string_view digits = payload.substr(kDrainFrame.size());
  int retry_ms = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), retry_ms);
  if (retry_ms < 1000 || retry_ms > 2200) fail("a wrong hint when to reconnect: " + std::string(payload));
}

void SimulatedClient::on_close_frame(std::string_view payload) {
  phase_ = Phase::closing;
  int code = 1005;
  if (payload.size() >= 2) {
    code = static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
  }
  check_close(code, payload.size() > 2 ? payload.substr(2) : std::string_view());
  if (!sent_close_ && kind_ != Kind::silent) {
    wire_.send_frame(8, payload.substr(0, std::min<std::size_t>(2, payload.size())));
  }
}

bool SimulatedClient::was_short_lately() const {
  const MonoTime short_at = wire_.socket().short_at;
  return short_at != MonoTime{} && host_.clock().now - short_at <= kSlowAfterShortWrite;
}

void SimulatedClient::check_close(int code, std::string_view reason) {
  if (has_drain_frame_ && code != 1001)
    return fail("a frame of a drain, and then another close than its own");
  if (misbehaved_ || sent_close_) return;
  if (code == 1001 && host_.clock().now >= node_.closes_from) {
    if (has_drain_frame_ != node_.has_drain_frame) fail("closed by a drain without its last frame");
    return;
  }
  if (code == 1013 && (node_.may_lose || node_.memory_was_short)) return;
  if (code == 1008 && reason == "Token expired" && request_.expires) return;
  if (code == 1008 && reason == "Slow consumer") {
    if (was_short_lately() || !reads_eagerly()) return;
    return fail("closed as slow, and its socket has not refused a byte for long");
  }
  fail("closed with " + std::to_string(code) + " " + std::string(reason) + " without a cause");
}

void SimulatedClient::on_ended() {
  const VirtualSocket& socket = wire_.socket();
  const bool is_its_doing = socket.client_ended || socket.client_reset || misbehaved_ || sent_close_ ||
                            wire_.has_vanished() || kind_ == Kind::silent || kind_ == Kind::slow ||
                            kind_ == Kind::half_open;
  if (phase_ == Phase::open && !node_.stopped && !is_its_doing && !was_short_lately()) {
    fail(socket.node_reset ? "reset without a cause" : "closed without a close frame");
  }
  phase_ = Phase::gone;
}

std::optional<std::string> SimulatedClient::missing() const {
  if (phase_ != Phase::open) return std::nullopt;
  const auto what = expected_.missing();
  if (!what) return std::nullopt;
  return text() + " " + *what;
}

}  // namespace carillon::simulation
