// A WebSocket's frames: what a client says, and what it is answered.
#include "base/assert.h"
#include "base/soft_allocation.h"
#include "gateway/shard.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {
namespace {

// Below this a deflated reply is hardly ever smaller.
constexpr std::size_t kDeflateFrom = 64;
// Of replies that wait for room in the outbox. The first may be longer: an echo is as long as its message.
constexpr std::size_t kHeldBytesMax = 16 * 1024;
// What one visit to a connection reads at most, beside its bound in bytes (reading.cc): then the others have
// their turn.
constexpr std::uint32_t kFramesAVisit = 256;
constexpr int kCommandsAVisit = 32;
// Pings of one read that have a pong each; of more, only the newest has (RFC 6455 section 5.5.3).
constexpr int kPongsARead = 16;
constexpr std::uint16_t kPolicyViolation = 1008;  // RFC 6455 section 7.4.1

}  // namespace

// Hears one read's worth of one connection's frames.
class Shard::SessionInput final : public websocket::MessageHandler {
 public:
  SessionInput(Shard& shard, Index index)
      : shard_(shard), index_(index), endpoint_(shard.shared_.endpoints[connection().endpoint]) {}

  websocket::Next on_message(websocket::Opcode opcode, std::string_view payload, std::uint64_t) override {
    shard_.counters_.messages_in.add();
    if (endpoint_.settings.keepalive.data_counts) shard_.keepalive_.on_pong(index_);
    if (endpoint_.settings.inbound.rate.messages.value && shard_.is_over_rate(index_)) return over_rate();
    if (endpoint_.commands.exist()) {
      const Command command = endpoint_.commands.parse(opcode, payload);
      const bool has_room = shard_.commands_.handle(shard_.command_client(index_), command);
      return has_room && --commands_left_ > 0 ? websocket::Next::go_on : websocket::Next::stop;
    }
    if (endpoint_.settings.inbound.reply == config::InboundReply::none) return websocket::Next::go_on;
    frame_.clear();
    if (!connection().deflate || payload.size() < kDeflateFrom || !append_deflated(opcode, payload)) {
      frame_.clear();
      if (!try_reserve(frame_, payload.size() + websocket::kServerHeaderBytesMax)) return no_memory();
      websocket::append_frame(frame_, opcode, payload);
    }
    return say(frame_);
  }

  websocket::Next on_ping(std::string_view payload) override {
    if (shard_.is_over_control_rate(index_)) return websocket::Next::stop;
    if (endpoint_.settings.keepalive.data_counts) shard_.keepalive_.on_pong(index_);
    if (pongs_left_ == 0) {
      if (newest_ping_) shard_.counters_.pings_passed_over.add();
      newest_ping_ = payload;
      return websocket::Next::go_on;
    }
    --pongs_left_;
    return say_pong(payload);
  }

  websocket::Next on_pong(std::string_view) override {
    if (shard_.is_over_control_rate(index_)) return websocket::Next::stop;
    shard_.keepalive_.on_pong(index_);
    return websocket::Next::go_on;
  }

  void on_close(std::optional<std::uint16_t> code, std::string_view) override {
    connection().close_received = true;
    shard_.clients_.close(index_, CloseReason::client_close, close_frame(code, {}), CloseMode::immediately);
  }

  // After the read's last frame.
  void answer_newest_ping() {
    if (newest_ping_) say_pong(*newest_ping_);
  }

 private:
  Connection& connection() { return shard_.clients_[index_]; }

  websocket::Next over_rate() {
    const config::RateSettings& rate = endpoint_.settings.inbound.rate;
    if (rate.over == config::OverRate::error) {
      const bool told = shard_.commands_.send_error(shard_.command_client(index_), ErrorKind::rate_limited);
      return told ? websocket::Next::go_on : websocket::Next::stop;
    }
    shard_.clients_.close(index_, CloseReason::rate_exceeded, close_frame(rate.close_code, rate.close_reason),
                          CloseMode::immediately);
    return websocket::Next::stop;
  }

  websocket::Next no_memory() {
    shard_.close_for_memory(index_);
    return websocket::Next::stop;
  }

  bool append_deflated(websocket::Opcode opcode, std::string_view payload) {
    std::string deflated;
    if (!shard_.deflater_.try_append_deflated(deflated, payload)) return false;
    if (!try_reserve(frame_, deflated.size() + websocket::kServerHeaderBytesMax)) return false;
    websocket::append_frame(frame_, opcode, deflated, websocket::Rsv1::set);
    return true;
  }

  websocket::Next say_pong(std::string_view payload) {
    frame_.clear();
    websocket::append_frame(frame_, websocket::Opcode::pong, payload);
    return say(frame_);
  }

  websocket::Next say(std::string_view frame) {
    return shard_.reply(index_, frame) ? websocket::Next::go_on : websocket::Next::stop;
  }

  Shard& shard_;
  const Index index_;
  const Endpoint& endpoint_;
  std::string frame_;
  std::optional<std::string> newest_ping_;
  int pongs_left_ = kPongsARead;
  int commands_left_ = kCommandsAVisit;
};

void Shard::read_frames(Index index, std::span<char> bytes) {
  const Endpoint& endpoint = shared_.endpoints[clients_[index].endpoint];
  websocket::ReaderLimits limits = endpoint.reader_limits;
  limits.frames_per_feed_max = kFramesAVisit;
  if (clients_[index].deflate) limits.compression = websocket::Compression::negotiated;

  websocket::FrameReader reader;
  if (Inbound* const rest = clients_[index].transient.inbound()) reader = std::move(rest->reader);
  SessionInput input(*this, index);
  const auto result = reader.feed(bytes, limits, input, &inflater_);

  Connection& connection = clients_[index];
  if (connection.state != State::open) return;  // a close frame came
  if (result.status == websocket::ReadResult::Status::fault) {
    close_for_fault(index, result.fault);
    return;
  }
  input.answer_newest_ping();
  if (connection.state != State::open) return;  // there was no memory for it
  const auto unread = bytes.subspan(result.consumed);
  const bool keep = !reader.at_rest() || connection.paused || !unread.empty();
  if (!keep) {
    connection.transient.reset();
    return;
  }
  Inbound& inbound = connection.transient.make_inbound();
  inbound.reader = std::move(reader);
  inbound.unread.assign(unread.data(), unread.size());
}

void Shard::close_for_fault(Index index, const websocket::ReadFault& fault) {
  const config::InboundSettings& inbound = shared_.endpoints[clients_[index].endpoint].settings.inbound;
  if (fault.code == websocket::CloseCode::try_again_later) {
    close_for_memory(index);
    return;
  }
  if (fault.code != websocket::CloseCode::message_too_big) {
    clients_.close(index, CloseReason::protocol_error,
                   close_frame(websocket::number(fault.code), fault.reason), CloseMode::immediately);
    return;
  }
  const bool by_size = fault.message_bytes > 0;
  const std::string& line = shared_.endpoints[clients_[index].endpoint].settings.log.too_large;
  if (by_size && !line.empty()) {
    const std::string id = clients_.log().connection_id(index);
    shared_.log.warning(line,
                        {{"bytes", static_cast<std::int64_t>(fault.message_bytes)},
                         {"max", static_cast<std::int64_t>(inbound.message_bytes_max.value.value_or(0))},
                         {"connectionId", std::string_view(id)}});
  }
  clients_.close(index, CloseReason::message_too_large,
                 close_frame(websocket::number(fault.code),
                             by_size ? std::string_view(inbound.too_large_reason) : fault.reason),
                 CloseMode::immediately);
}

// What it asked for needs more memory than there is. The others go on.
void Shard::close_for_memory(Index index) {
  clients_.close(index, CloseReason::internal,
                 close_frame(websocket::number(websocket::CloseCode::try_again_later), "Out of memory"),
                 CloseMode::immediately);
}

// Counts a message of this client.
bool Shard::is_over_rate(Index index) {
  const auto& settings = shared_.endpoints[clients_[index].endpoint].settings;
  MessageRate& rate = rates_.at(index);
  if (rate.admit(settings.inbound.rate, loop_.now())) return false;
  if (!settings.log.rate_exceeded.empty()) {
    const std::string id = clients_.log().connection_id(index);
    shared_.log.warning(settings.log.rate_exceeded,
                        {{"count", static_cast<std::int64_t>(rate.count())},
                         {"windowMs", std::int64_t{settings.inbound.rate.window.count()}},
                         {"connectionId", std::string_view(id)}});
  }
  return true;
}

// Counts a ping or pong of this client, and closes it when that is one too many.
bool Shard::is_over_control_rate(Index index) {
  counters_.control_frames_in.add();
  const Endpoint& endpoint = shared_.endpoints[clients_[index].endpoint];
  const config::InboundSettings& inbound = endpoint.settings.inbound;
  if (!inbound.control_rate.value) return false;
  const ControlRate::Limit limit{*inbound.control_rate.value, inbound.control_burst};
  if (control_rate_.admit(index, limit, loop_.now())) return false;
  clients_.close(index, CloseReason::control_rate, close_frame(kPolicyViolation, inbound.control_reason),
                 CloseMode::immediately);
  return true;
}

bool Shard::send_text(ClientId client, std::string_view payload) {
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::text, payload);
  return reply(client.index, frame);
}

std::optional<CommandClient> Shard::find_open(ClientId client) {
  const Connection* const connection = clients_.table().find(client.index, client.generation);
  if (!connection || connection->state != State::open) return std::nullopt;
  return command_client(client.index);
}

CommandClient Shard::command_client(Index index) const {
  const Connection& connection = clients_[index];
  return {{index, connection.generation}, shared_.endpoints[connection.endpoint], connection.identity.get()};
}

// False when the outbox is full: the reply is held, and nothing more is read until it has gone.
bool Shard::reply(Index index, std::string_view frame) {
  Connection& connection = clients_[index];
  // What is not an answer to a message (the bus's refusal, say) can come while a reply is held: it stands
  // in line behind that one.
  bool said = false;
  const auto say = [&] { said = !connection.paused && clients_.send(index, frame); };
  if (!try_allocate(frame.size(), say)) {
    close_for_memory(index);
    return false;
  }
  if (said) return true;
  std::string& held = connection.transient.make_inbound().held;
  if (!held.empty() && held.size() + frame.size() > kHeldBytesMax) {
    counters_.replies_dropped.add();
    return false;
  }
  if (try_append(held, frame)) {
    clients_.pause(index);
  } else {
    close_for_memory(index);
  }
  return false;
}

void Shard::resume_paused() {
  for (const auto& [index, generation] : clients_.reads().take_paused()) {
    Connection* connection = clients_.table().find(index, generation);
    if (!connection || !connection->paused) continue;
    connection->paused = false;
    if (connection->state == State::open) {
      resume_session(index);
    } else if (speaks_http(*connection)) {
      send_answers(index);
    }
  }
}

void Shard::resume_session(Index index) {
  Connection& connection = clients_[index];
  Inbound& inbound = connection.transient.make_inbound();
  bool said = false;
  if (!try_allocate(inbound.held.size(), [&] { said = clients_.send(index, inbound.held); })) {
    close_for_memory(index);
    return;
  }
  if (!said) {
    clients_.pause(index);
    return;
  }
  std::string().swap(inbound.held);  // an echo is as long as its message: its memory is given back
  if (inbound.unread.empty() && inbound.reader.at_rest()) connection.transient.reset();
  if (!connection.readable) return;
  connection.readable = false;
  clients_.read_later(index, ReadQueue::Lane::rest);
}

}  // namespace carillon::gateway
