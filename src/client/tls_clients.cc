#include "client/tls_clients.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace carillon::client {
namespace {

// The pieces of a gathered write as runs of at most one record.
class Records {
 public:
  Records(const iovec* pieces, int count, std::vector<char>& room)
      : pieces_(pieces, static_cast<std::size_t>(count)), room_(room) {}

  // Returns the next run; empty at the end. Valid until the next call. A run within one piece is not copied.
  std::string_view next() {
    std::string_view first = take(reactor::kTlsPlaintextMax);
    if (first.size() == reactor::kTlsPlaintextMax || at_ == pieces_.size()) return first;
    std::size_t size = 0;
    for (std::string_view part = first; !part.empty(); part = take(reactor::kTlsPlaintextMax - size)) {
      std::memcpy(room_.data() + size, part.data(), part.size());
      size += part.size();
    }
    return {room_.data(), size};
  }

 private:
  std::string_view take(std::size_t most) {
    while (at_ < pieces_.size()) {
      const std::string_view piece(static_cast<const char*>(pieces_[at_].iov_base), pieces_[at_].iov_len);
      const std::string_view part = piece.substr(taken_, most);
      taken_ += part.size();
      if (taken_ == piece.size()) {
        ++at_;
        taken_ = 0;
      }
      if (!part.empty() || most == 0) return part;
    }
    return {};
  }

  const std::span<const iovec> pieces_;
  std::vector<char>& room_;
  std::size_t at_ = 0;
  std::size_t taken_ = 0;  // of pieces_[at_]
};

}  // namespace

Result<std::unique_ptr<TlsClients>> TlsClients::create(Sockets& sockets) {
  auto wire = reactor::TlsWire::create();
  if (!wire) return tl::unexpected(wire.error());
  return std::unique_ptr<TlsClients>(new TlsClients(sockets, std::move(*wire)));
}

TlsClients::TlsClients(Sockets& sockets, std::unique_ptr<reactor::TlsWire> wire)
    : sockets_(sockets),
      wire_(std::move(wire)),
      plaintext_(reactor::kTlsPlaintextMax),
      gathered_(reactor::kTlsPlaintextMax) {}

void TlsClients::add(Index index, const reactor::TlsContext& context) {
  if (index >= clients_.size()) clients_.resize(index + 1);
  CARILLON_ASSERT(!clients_[index]);
  clients_[index] = std::make_unique<Client>(context, *wire_);
}

void TlsClients::remove(Index index) { clients_[index].reset(); }

TlsClients::Read TlsClients::read(Index index, int fd, std::string_view& ciphertext) {
  Client& client = *clients_[index];
  wire_->incoming = ciphertext;
  const reactor::TlsRead read = client.session.read(plaintext_);
  ciphertext = std::exchange(wire_->incoming, {});
  const Sent sent = send_produced(client, fd);
  return {read.state, std::span(plaintext_).first(read.count), read.why, sent};
}

WriteResult TlsClients::write(Index index, int fd, const iovec* pieces, int count) {
  using State = WriteResult::State;
  Client& client = *clients_[index];
  if (!client.pending.empty()) return {0, State::blocked};
  Records records(pieces, count, gathered_);
  std::size_t written = 0;
  for (std::string_view record = records.next(); !record.empty(); record = records.next()) {
    if (!client.session.write(record)) return {written, State::broken};
    written += record.size();
    const Sent sent = send_produced(client, fd);
    if (sent == Sent::broken) return {written, State::broken};
    if (sent == Sent::blocked) return {written, State::blocked};
  }
  return {written, State::ok};
}

TlsClients::Sent TlsClients::send_pending(Index index, int fd) {
  Client& client = *clients_[index];
  while (!client.pending.empty()) {
    const iovec rest{client.pending.data() + client.sent, client.pending.size() - client.sent};
    const auto result = sockets_.write(fd, &rest, 1);
    if (result.state == WriteResult::State::broken) return Sent::broken;
    client.sent += result.written;
    if (result.written < rest.iov_len) return Sent::blocked;
    client.pending = {};  // frees its memory: usually nothing is pending
    client.sent = 0;
  }
  return Sent::all;
}

TlsClients::Sent TlsClients::send_end(Index index, int fd) {
  Client& client = *clients_[index];
  client.session.end();
  return send_produced(client, fd);
}

// Sends what the session has produced, or appends it to what is pending.
TlsClients::Sent TlsClients::send_produced(Client& client, int fd) {
  std::string& produced = wire_->produced;
  if (produced.empty()) return client.pending.empty() ? Sent::all : Sent::blocked;
  std::size_t taken = 0;
  Sent sent = Sent::blocked;
  if (client.pending.empty()) {
    const iovec all{produced.data(), produced.size()};
    const auto result = sockets_.write(fd, &all, 1);
    taken = result.written;
    if (taken == produced.size()) sent = Sent::all;
    if (result.state == WriteResult::State::broken) sent = Sent::broken;
  }
  if (sent == Sent::blocked) {
    client.pending.append(produced, taken);
    if (client.pending.size() - client.sent > kPendingMax) sent = Sent::broken;
  }
  produced.clear();
  return sent;
}

}  // namespace carillon::client
