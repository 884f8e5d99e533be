#include "client.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "service_commands.h"

namespace carillon::simulation {
namespace {

// A client may be judged slow so long after its socket last refused bytes: the limits on lag of the
// configuration (node_slot.cc), and a pause of the node.
constexpr auto kSlowAfterShortWrite = seconds(12);
constexpr auto kAll = static_cast<std::size_t>(-1);
constexpr std::string_view kDrainFrame = R"({"drain":)";

// How far the node's feed was when what the client has taken last was written.
std::uint64_t fed_when_written(const Wire& wire, const NodeView& node) {
  return wire.fed_when_written().value_or(node.feed->size());
}

bool was_short_lately(const Wire& wire, MonoTime now) {
  const MonoTime short_at = wire.socket().short_at;
  return short_at != MonoTime{} && now - short_at <= kSlowAfterShortWrite;
}

}  // namespace

std::string_view name_of(Kind kind) {
  static constexpr std::string_view kNames[] = {"well-behaved", "slow",         "silent",
                                                "abusive",      "reconnecting", "half-open"};
  static_assert(std::size(kNames) == kKinds);
  return kNames[static_cast<std::size_t>(kind)];
}

SimulatedClient::SimulatedClient(ClientHost& host, NodeView& node, Kind kind, Memory memory, int number)
    : host_(host),
      node_(node),
      kind_(kind),
      number_(number),
      memory_(std::move(memory)),
      wire_(host.sockets(), host.clock()),
      expected_(node, memory_.profile) {}

std::string SimulatedClient::text() const {
  return std::string(name_of(kind_)) + " " + std::string(name_of(profile())) + " client " +
         std::to_string(number_) + " (socket " + std::to_string(wire_.fd()) + ")";
}

void SimulatedClient::judge(const Expectations::Fault& fault) {
  if (fault) fail(*fault);
}

void SimulatedClient::connect() {
  const auto listeners = host_.sockets().listeners_of(node_.number);
  if (listeners.empty()) return be_gone();
  Dice& dice = host_.dice();
  const int listener = listeners[dice.below(static_cast<std::uint32_t>(listeners.size()))];
  wire_.connect(listener, "192.0.2." + std::to_string(1 + dice.below(200)));
  VirtualSocket& socket = wire_.socket();
  if (kind_ == Kind::slow) socket.buffer_max = 512 + dice.below(4096);
  if (kind_ == Kind::half_open) socket.buffer_max = 256 + dice.below(8192);
  if (dice.chance(10)) socket.read_bytes_max = 1 + dice.below(50);
  request_ = request_of(host_, kind_, node_, memory_);
  // One whose token expires is closed, and may take its last bytes as slowly.
  if (kind_ == Kind::slow && !request_.expires && dice.chance(50)) drip_.begin();
  if (kind_ == Kind::silent && dice.chance(20)) return;  // silent from the start
  if (dice.chance(15)) {
    request_.in_parts = true;
    const std::size_t part = 1 + dice.below(static_cast<std::uint32_t>(request_.unsent.size() - 1));
    wire_.send(request_.unsent.substr(0, part));
    request_.unsent.erase(0, part);
    return;
  }
  send_rest();
}

// Of its request: all of it, or the second part.
void SimulatedClient::send_rest() {
  request_.earliest = node_.applied_on(wire_.socket().shard);
  request_.sent_at = host_.clock().now;
  wire_.send(std::exchange(request_.unsent, {}));
}

// --- what it receives ---------------------------------------------------------------------------

void SimulatedClient::on_changed() {
  if (phase_ == Phase::gone) return;
  if (reads_eagerly() || done_.calm) read(kAll);
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
    const bool our_fault =
        done_.misbehaved || !request_.unsent.empty() || request_.in_parts || request_.expires;
    if (!our_fault && status != "503" && status != "429") fail("refused with " + status);
    return leave();
  }
  phase_ = Phase::open;
  Expectations::Begin begin{request_.types, request_.earliest, fed_when_written(wire_, node_), std::nullopt,
                            wire_.socket().shard};
  if (!request_.position.empty()) {
    begin.asked = {profile(),
                   "",
                   request_.position,
                   0,
                   wire_.socket().shard,
                   node_.feed->number_before(request_.earliest),
                   request_.sent_at};
  }
  expected_.begin(std::move(begin));
  if (profile() != Profile::service) return;
  ServiceCommands(host_, node_, wire_, expected_).come_back(memory_.positions);
}

void SimulatedClient::on_frame(const Wire::Frame& frame) {
  if (phase_ == Phase::closing) return fail("a frame after the close frame");
  if (done_.has_drain_frame && frame.first != 0x88) return fail("a frame after the last frame of a drain");
  switch (frame.first) {
    case 0x81:
      if (frame.payload.starts_with(kDrainFrame)) return on_drain_frame(frame.payload);
      if (const auto notice =
              expected_.check_notice(frame.payload, done_.misbehaved, fed_when_written(wire_, node_))) {
        return judge(*notice);
      }
      if (profile() == Profile::service) return on_service_text(frame.payload);
      if (const auto about = expected_.check_about_positions(frame.payload, fed_when_written(wire_, node_),
                                                             host_.clock().now)) {
        return judge(*about);
      }
      if (profile() == Profile::grimnir && frame.payload == R"({"type":"ping"})") return;
      return on_event(frame.payload);
    case 0x88:
      return on_close_frame(frame.payload);
    case 0x89:
      if (kind_ != Kind::silent || done_.calm) wire_.send_frame(10, frame.payload);
      return;
    case 0x8a:
      if (!done_.misbehaved) fail("a pong that was not asked for");
      return;
    default:
      fail("a frame that begins with byte " + std::to_string(frame.first));
  }
}

void SimulatedClient::on_event(std::string_view payload) {
  const std::uint32_t serial = serial_in(payload);
  if (serial == 0) return fail("unexpected text: " + std::string(payload.substr(0, 200)));
  judge(expected_.check_event({serial, host_.channel_of(serial), payload}, done_.misbehaved,
                              host_.clock().now));
}

void SimulatedClient::on_service_text(std::string_view payload) {
  constexpr std::string_view kType = R"({"type":")";
  const auto holds = [payload](std::string_view words) {
    return payload.find(words) != std::string_view::npos;
  };
  if (!payload.starts_with(kType)) return fail("unexpected text: " + std::string(payload.substr(0, 200)));
  const std::string_view type = payload.substr(kType.size(), payload.find('"', kType.size()) - kType.size());
  if (done_.misbehaved && serial_in(payload) == 0) return;  // it does not know what it has asked for
  if (type == "ping") return judge(expected_.check_ping(member_in(payload, "position"), host_.clock().now));
  if (type == "subscribed" && expected_.has_positions()) {
    return judge(expected_.check_subscribed(payload, fed_when_written(wire_, node_), host_.clock().now));
  }
  const bool is_reply = type == "subscribed" || type == "unsubscribed" || type == "pong";
  const bool expired = holds("Token expired");
  if (is_reply || (type == "error" && holds("unauthorized") && !expired)) {
    if (!done_.misbehaved) judge(expected_.check_reply(type, fed_when_written(wire_, node_)));
    return;
  }
  if (type != "error") return on_event(payload);
  if (done_.misbehaved || (expired && request_.expires)) return;
  if (!holds("not published") && !holds("internal_error")) {
    return fail("an error without a cause: " + std::string(payload.substr(0, 200)));
  }
  judge(expected_.check_failed_publish());
}

// --- how it ends --------------------------------------------------------------------------------

// Its close frame follows. With few clients the hint is one to two seconds, and a little more on a shard that
// has more of them than the other.
void SimulatedClient::on_drain_frame(std::string_view payload) {
  done_.has_drain_frame = true;
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
  if (!done_.sent_close && kind_ != Kind::silent) {
    wire_.send_frame(8, payload.substr(0, std::min<std::size_t>(2, payload.size())));
  }
}

void SimulatedClient::check_close(int code, std::string_view reason) {
  if (done_.has_drain_frame && code != 1001)
    return fail("a frame of a drain, and then another close than its own");
  if (done_.misbehaved || done_.sent_close) return;
  if (code == 1001 && host_.clock().now >= node_.closes_from) {
    if (done_.has_drain_frame != node_.has_drain_frame) fail("closed by a drain without its last frame");
    return;
  }
  if (code == 1013 && node_.ends_at_gap(profile()) && !node_.feed->gaps().empty()) return;
  if (code == 1013 && (node_.may_lose || node_.memory_was_short)) return;
  if (code == 1008 && reason == "Token expired" && request_.expires) return;
  if (code == 1008 && reason == "Slow consumer") {
    if (was_short_lately(wire_, host_.clock().now) || !reads_eagerly()) return;
    return fail("closed as slow, and its socket has not refused a byte for long");
  }
  fail("closed with " + std::to_string(code) + " " + std::string(reason) + " without a cause");
}

void SimulatedClient::on_ended() {
  const VirtualSocket& socket = wire_.socket();
  const bool is_its_doing = socket.client_ended || socket.client_reset || done_.misbehaved ||
                            done_.sent_close || wire_.has_vanished() || kind_ == Kind::silent ||
                            kind_ == Kind::slow || kind_ == Kind::half_open;
  if (phase_ == Phase::open && !node_.stopped && !is_its_doing &&
      !was_short_lately(wire_, host_.clock().now)) {
    fail(socket.node_reset ? "reset without a cause" : "closed without a close frame");
  }
  be_gone();
}

void SimulatedClient::be_gone() {
  phase_ = Phase::gone;
  remember();
}

// Before it is connected it knows what it came with.
void SimulatedClient::remember() {
  if (std::exchange(done_.remembered, true) || done_.misbehaved) return;
  const bool was_open = wire_.fd() >= 0 && expected_.has_begun();
  Memory memory{&node_, profile(), was_open ? expected_.positions() : memory_.positions, request_.types};
  if (profile() == Profile::service) memory.positions.merge(Expectations::Positions(memory_.positions));
  if (!memory.positions.empty()) host_.remember(std::move(memory));
}

std::optional<std::string> SimulatedClient::missing() const {
  if (phase_ != Phase::open) return std::nullopt;
  auto what = expected_.missing();
  if (!what && !done_.misbehaved) what = expected_.unanswered(host_.clock().now);
  if (!what) return std::nullopt;
  return text() + " " + *what;
}

}  // namespace carillon::simulation
