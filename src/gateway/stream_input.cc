// What the clients of open WebSockets send: frames, messages, pings, and the rates that limit them.
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "gateway/stream_sessions.h"
#include "json/validate.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {
namespace {

using client::close_frame;
using client::CloseMode;
using client::CloseReason;
using client::Connection;
using client::Inbound;
using client::State;

// Below this a deflated reply is hardly ever smaller.
constexpr std::size_t kDeflateFrom = 64;
// Most frames and commands read per visit to a connection, besides its limit in bytes (client/reader.cc).
// Then the other connections get their turn.
constexpr std::uint32_t kFramesAVisit = 256;
constexpr int kCommandsAVisit = 32;
// Pings of one read that are answered with a pong each; of more, only the newest is (RFC 6455 section 5.5.3).
constexpr int kPongsARead = 16;

}  // namespace

// Handles the messages and control frames of one read of one connection.
class StreamSessions::Input final : public websocket::MessageHandler {
 public:
  Input(StreamSessions& sessions, Index index)
      : sessions_(sessions), index_(index), endpoint_(sessions.endpoint_of(index)) {}

  websocket::Next on_message(websocket::Opcode opcode, std::string_view payload, std::uint64_t) override {
    sessions_.parts_.counters.endpoints[endpoint_.index].messages_in.add();
    note_data();
    if (endpoint_.settings.inbound.rate.messages.value && sessions_.is_over_rate(index_))
      return over_rate(opcode, payload);
    if (endpoint_.commands.exist()) {
      return handle_command(opcode, payload);
    }
    if (endpoint_.settings.inbound.reply == config::InboundReply::none) return websocket::Next::go_on;
    return echo(opcode, payload);
  }

  websocket::Next on_ping(std::string_view payload) override {
    if (sessions_.is_over_control_rate(index_)) return websocket::Next::stop;
    note_data();
    if (pongs_left_ == 0) {
      if (newest_ping_) sessions_.parts_.counters.pings_passed_over.add();
      newest_ping_ = payload;
      return websocket::Next::go_on;
    }
    --pongs_left_;
    return send_pong(payload);
  }

  websocket::Next on_pong(std::string_view) override {
    if (sessions_.is_over_control_rate(index_)) return websocket::Next::stop;
    sessions_.parts_.keepalive.on_pong(index_);
    return websocket::Next::go_on;
  }

  void on_close(std::optional<std::uint16_t> code, std::string_view) override {
    sessions_.parts_.clients.close(index_, CloseReason::client_close, close_frame(code, {}),
                                   CloseMode::immediately);
  }

  // After the read's last frame.
  void answer_newest_ping() {
    if (newest_ping_) send_pong(*newest_ping_);
  }

 private:
  Connection& connection() { return sessions_.parts_.clients[index_]; }

  websocket::Next handle_command(websocket::Opcode opcode, std::string_view payload) {
    protocol::Command command;
    const auto parse = [&] { command = endpoint_.commands.parse(opcode, payload); };
    if (!try_allocate(payload.size(), parse)) {
      sessions_.close_for_memory(index_);
      return websocket::Next::stop;
    }
    const bool goes_on = sessions_.commands_.handle(sessions_.command_client(index_), command);
    return goes_on && --commands_left_ > 0 ? websocket::Next::go_on : websocket::Next::stop;
  }

  // With keepalive.data_counts every message shows, as a pong does, that the client is alive.
  void note_data() {
    if (endpoint_.settings.keepalive.data_counts) sessions_.parts_.keepalive.on_pong(index_);
  }

  websocket::Next over_rate(websocket::Opcode opcode, std::string_view payload) {
    const config::RateSettings& rate = endpoint_.settings.inbound.rate;
    if (rate.over == config::OverRate::error) {
      const bool is_repeated = endpoint_.replies.error_repeats_request() &&
                               opcode == websocket::Opcode::text && json::is_valid(payload);
      return next(sessions_.commands_.send_error(sessions_.command_client(index_),
                                                 {.kind = protocol::ErrorKind::rate_limited,
                                                  .request = is_repeated ? payload : std::string_view()}));
    }
    sessions_.parts_.clients.close(index_, CloseReason::rate_exceeded, close_frame(rate.close),
                                   CloseMode::immediately);
    return websocket::Next::stop;
  }

  websocket::Next echo(websocket::Opcode opcode, std::string_view payload) {
    frame_.clear();
    if (!connection().deflate || payload.size() < kDeflateFrom || !append_deflated(opcode, payload)) {
      frame_.clear();
      if (!try_reserve(frame_, payload.size() + websocket::kServerHeaderBytesMax)) {
        sessions_.close_for_memory(index_);
        return websocket::Next::stop;
      }
      websocket::append_frame(frame_, opcode, payload);
    }
    return next(sessions_.reply(index_, frame_));
  }

  bool append_deflated(websocket::Opcode opcode, std::string_view payload) {
    std::string deflated;
    if (!sessions_.parts_.deflater.try_append_deflated(deflated, payload)) return false;
    if (!try_reserve(frame_, deflated.size() + websocket::kServerHeaderBytesMax)) return false;
    websocket::append_frame(frame_, opcode, deflated, websocket::Rsv1::set);
    return true;
  }

  websocket::Next send_pong(std::string_view payload) {
    frame_.clear();
    websocket::append_frame(frame_, websocket::Opcode::pong, payload);
    return next(sessions_.reply(index_, frame_));
  }

  static websocket::Next next(bool has_room) {
    return has_room ? websocket::Next::go_on : websocket::Next::stop;
  }

  StreamSessions& sessions_;
  const Index index_;
  const protocol::Endpoint& endpoint_;
  std::string frame_;
  std::optional<std::string> newest_ping_;
  int pongs_left_ = kPongsARead;
  int commands_left_ = kCommandsAVisit;
};

void StreamSessions::on_bytes(Index index, std::span<char> bytes) {
  Connection& connection = parts_.clients[index];
  CARILLON_ASSERT(connection.state == State::open);
  websocket::ReaderLimits limits = endpoint_of(index).reader_limits;
  limits.frames_per_feed_max = kFramesAVisit;
  if (connection.deflate) limits.compression = websocket::Compression::negotiated;

  websocket::FrameReader reader;
  if (Inbound* const rest = connection.transient.inbound()) reader = std::move(rest->reader);
  Input input(*this, index);
  const auto result = reader.feed(bytes, limits, input, &inflater_);

  if (connection.state != State::open) return;  // a close frame came
  if (result.status == websocket::ReadResult::Status::fault) {
    close_for_fault(index, result.fault);
    return;
  }
  input.answer_newest_ping();
  if (connection.state != State::open) return;  // there was no memory for it
  keep_rest(index, std::move(reader), bytes.subspan(result.consumed));
}

// Keeps what is incomplete or has to wait, if anything.
void StreamSessions::keep_rest(Index index, websocket::FrameReader reader, std::span<const char> unread) {
  Connection& connection = parts_.clients[index];
  if (reader.at_rest() && unread.empty()) {
    connection.transient.reset();
    return;
  }
  Inbound& inbound = connection.transient.make_inbound();
  inbound.reader = std::move(reader);
  inbound.unread.assign(unread.data(), unread.size());
}

void StreamSessions::close_for_fault(Index index, const websocket::ReadFault& fault) {
  const protocol::Endpoint& endpoint = endpoint_of(index);
  const config::InboundSettings& inbound = endpoint.settings.inbound;
  if (fault.code == websocket::CloseCode::try_again_later) {
    close_for_memory(index);
    return;
  }
  if (fault.code != websocket::CloseCode::message_too_big) {
    parts_.clients.close(index, CloseReason::protocol_error,
                         close_frame(websocket::number(fault.code), fault.reason), CloseMode::immediately);
    return;
  }
  const bool by_size = fault.message_bytes > 0;
  const std::string& line = endpoint.settings.log.too_large;
  if (by_size && !line.empty()) {
    const std::string id = parts_.clients.log().trace().connection_id(index);
    parts_.shared.log.warning(
        line, {{"bytes", static_cast<std::int64_t>(fault.message_bytes)},
               {"max", static_cast<std::int64_t>(inbound.message_bytes_max.value.value_or(0))},
               {"connectionId", std::string_view(id)}});
  }
  parts_.clients.close(index, CloseReason::message_too_large,
                       close_frame(by_size ? inbound.too_large : inbound.fragments), CloseMode::immediately);
}

// Closes a client whose request needs more memory than is available. Other clients are not affected.
void StreamSessions::close_for_memory(Index index) {
  parts_.clients.close(index, CloseReason::internal, close_frame(endpoint_of(index).settings.memory),
                       CloseMode::immediately);
}

// Counts a message of this client. Returns true when it exceeds the rate.
bool StreamSessions::is_over_rate(Index index) {
  const auto& settings = endpoint_of(index).settings;
  // A rate that a new configuration introduced begins with the client's first message after it.
  client::MessageRate& rate = rates_.try_emplace(index, parts_.loop.now()).first->second;
  if (rate.admit(settings.inbound.rate, parts_.loop.now())) return false;
  if (!settings.log.rate_exceeded.empty()) {
    const std::string id = parts_.clients.log().trace().connection_id(index);
    parts_.shared.log.warning(settings.log.rate_exceeded,
                              {{"count", static_cast<std::int64_t>(rate.count())},
                               {"windowMs", std::int64_t{settings.inbound.rate.window.count()}},
                               {"connectionId", std::string_view(id)}});
  }
  return true;
}

// Counts a ping or pong of this client. Closes the client and returns true when it exceeds the rate.
bool StreamSessions::is_over_control_rate(Index index) {
  parts_.counters.control_frames_in.add();
  const config::InboundSettings& inbound = endpoint_of(index).settings.inbound;
  if (!inbound.control_rate.value) return false;
  const client::ControlRate::Limit limit{*inbound.control_rate.value, inbound.control_burst};
  if (control_rate_.admit(index, limit, parts_.loop.now())) return false;
  parts_.clients.close(index, CloseReason::control_rate, close_frame(inbound.control),
                       CloseMode::immediately);
  return true;
}

}  // namespace carillon::gateway
