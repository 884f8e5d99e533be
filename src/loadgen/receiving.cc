// Events that a ClientPool's clients receive: counting them and computing their latency.
#include <sys/socket.h>

#include "loadgen/client_pool.h"
#include "websocket/frame_writer.h"

namespace carillon::loadgen {
namespace {

constexpr websocket::MaskKey kMask{0x12, 0x34, 0x56, 0x78};

}  // namespace

// Receives one client's frames.
class ClientPool::Listening final : public FrameListener, public PayloadListener {
 public:
  Listening(ClientPool& pool, std::uint32_t index) : pool_(pool), index_(index), look_(pool.look_of(index)) {}

  void on_control(websocket::Opcode opcode, std::string_view payload) override {
    if (opcode != websocket::Opcode::ping) return;  // after a close the server ends the stream
    // When the socket is full, this ping is not answered; the next one will be.
    if (pool_.send_message(pool_.clients_[index_].fd, websocket::Opcode::pong, payload))
      ++pool_.counters_.pings;
  }

  Counts on_short(std::string_view payload) override {
    for (const ClientSettings::Answer& each : pool_.settings_.answers) {
      if (payload != each.question) continue;
      if (!each.answer.empty()) {
        pool_.send_message(pool_.clients_[index_].fd, pool_.settings_.opcode, each.answer);
      }
      return Counts::as_nothing;
    }
    return Counts::as_event;
  }

  void on_payload(std::string_view piece) override {
    if (pool_.settings_.marker)
      found_ += pool_.settings_.marker->count(piece, pool_.clients_[index_].matched);
    if (look_ != nullptr) pool_.look_at(index_, *look_, piece);
  }

  std::uint32_t found() const { return found_; }

 private:
  ClientPool& pool_;
  const std::uint32_t index_;
  Look* const look_;
  std::uint32_t found_ = 0;
};

void ClientPool::receive(std::uint32_t index, std::string_view bytes, MonoTime now) {
  ++counters_.reads;
  counters_.bytes += bytes.size();
  const std::uint32_t events =
      settings_.transport == Transport::sse ? receive_stream(index, bytes) : receive_frames(index, bytes);
  if (events == 0) return;
  Client& client = clients_[index];
  if (measures_latency_) record_latency(index, client.received, events, now);
  client.received += events;
  counters_.events += events;
  last_event_at_ = now;
}

std::uint32_t ClientPool::receive_frames(std::uint32_t index, std::string_view bytes) {
  Listening listening(*this, index);
  FrameCounter& frames = clients_[index].frames;
  if (settings_.marker) {
    frames.feed(bytes, listening, short_bytes_max_, listening);
    return listening.found();
  }
  if (look_of(index) != nullptr) return frames.feed(bytes, listening, short_bytes_max_, listening);
  return frames.feed(bytes, listening, short_bytes_max_);
}

std::uint32_t ClientPool::receive_stream(std::uint32_t index, std::string_view bytes) {
  Listening listening(*this, index);
  Stream& stream = streams_[index];
  if (!stream.chunked) {
    listening.on_payload(bytes);
    return listening.found();
  }
  while (!bytes.empty() && !stream.chunks.done() && !stream.chunks.broken()) {
    const ChunkWalker::Step step = stream.chunks.next(bytes);
    if (!step.data.empty()) listening.on_payload(step.data);
    bytes.remove_prefix(step.consumed);
  }
  return listening.found();
}

void ClientPool::record_latency(std::uint32_t index, std::uint64_t from, std::uint32_t events, MonoTime now) {
  const std::uint32_t channel = channel_of(index);
  for (std::uint64_t k = from; k < from + events; ++k) {
    const std::uint64_t event = timetable_.event_of(channel, k);
    if (event < timetable_.events()) latency_.record(now - timetable_.due(event));
  }
}

void ClientPool::look_at(std::uint32_t index, Look& look, std::string_view payload) {
  while (const auto number = look.finder.next(payload)) {
    if (!measures_latency_) continue;
    const std::uint64_t k = *number / timetable_.channels();
    const bool expected = k == look.next_k && timetable_.event_of(channel_of(index), k) == *number;
    ++counters_.checked;
    if (!expected) ++counters_.out_of_order;
    look.next_k = k + 1;  // a gap counts once
  }
}

bool ClientPool::send_message(int fd, websocket::Opcode opcode, std::string_view payload) {
  send_.clear();
  websocket::append_masked_frame(send_, opcode, payload, kMask);
  return ::send(fd, send_.data(), send_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(send_.size());
}

void ClientPool::begin(const Timetable& timetable, Channels channels) {
  timetable_ = timetable;
  channels_ = channels;
  measures_latency_ = true;
  latency_.clear();
  counters_.checked = counters_.out_of_order = 0;
  for (Client& client : clients_) {
    client.received = 0;
    client.receives = client.state == State::open;
  }
  for (Look& look : looks_) look.next_k = 0;
}

ClientPool::Tally ClientPool::tally(std::uint64_t published, std::uint64_t sent) const {
  Tally tally;
  for (std::uint32_t index = 0; index < clients_.size(); ++index) {
    const Client& client = clients_[index];
    if (!client.receives) continue;
    const std::uint64_t expected = timetable_.count_on(channel_of(index), published);
    ++tally.receivers;
    tally.expected += expected;
    if (client.received == 0) ++tally.silent;
    if (client.received < expected) tally.lost += expected - client.received;
    const std::uint64_t possible = timetable_.count_on(channel_of(index), sent);
    if (client.received > possible) tally.surplus += client.received - possible;
  }
  return tally;
}

std::vector<std::uint32_t> ClientPool::silent_clients(std::size_t most) const {
  std::vector<std::uint32_t> silent;
  for (std::uint32_t index = 0; index < clients_.size() && silent.size() < most; ++index) {
    if (clients_[index].receives && clients_[index].received == 0) silent.push_back(number_of(index));
  }
  return silent;
}

}  // namespace carillon::loadgen
