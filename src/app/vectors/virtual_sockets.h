// VirtualSockets: the connections between the clients of vectors and a gateway on a VirtualLoop, as bytes in
// memory. Descriptors are numbers that are never used twice and that the kernel does not know.
//
// Thread: the loop's. Bounded: a socket takes kUnreadBytesMax bytes that its client has not taken; then the
// gateway finds it full, as with a client that does not read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/vectors/virtual_loop.h"
#include "client/sockets.h"

namespace carillon::app {

class VirtualSockets final : public client::Sockets {
 public:
  static constexpr std::size_t kUnreadBytesMax = 16 * 1024 * 1024;

  explicit VirtualSockets(VirtualLoop& loop) : loop_(loop) {}

  // --- what clients do ---
  // Returns the gateway's end of a new connection, for client::Acceptor::adopt().
  int open(const std::string& address);
  // Sends bytes to the gateway.
  void send(int fd, std::string_view bytes);
  // Takes what the gateway has sent.
  std::string take(int fd);
  // Breaks the connection, as a reset does.
  void break_off(int fd);
  // The client takes no bytes any more, or takes them again.
  enum class Reads : std::uint8_t { no, yes };
  void set_reads(int fd, Reads reads);
  // Whether the gateway has closed its side.
  bool is_ended(int fd) const;

  // --- Sockets ---
  reactor::Accepted accept(int listener_fd, int notsent_low_water_bytes) override;
  client::ReadResult read(int fd, std::span<char> into) override;
  WriteResult write(int fd, const iovec* pieces, int count) override;
  void shut_down_writing(int fd) override { sockets_[fd].is_ended = true; }
  void close(int fd) override { end(fd); }
  void reset(int fd) override { end(fd); }
  std::string peer_host(int fd) override { return sockets_[fd].address; }
  client::SendState send_state(int fd) override;
  MonoTime precise_now() override { return loop_.now(); }

 private:
  struct Socket {
    std::string address;
    std::string to_gateway;
    std::size_t read_bytes = 0;  // of to_gateway
    std::string to_client;
    std::uint64_t written = 0;  // by the gateway, ever
    bool reads = true;
    bool is_broken = false;
    bool is_ended = false;
    bool is_closed = false;
    bool was_short = false;  // a write came up short: the next room is an event
  };

  void end(int fd);

  VirtualLoop& loop_;
  std::unordered_map<int, Socket> sockets_;
  int last_fd_ = 1'000'000;  // no descriptor of the kernel is as large
};

}  // namespace carillon::app
