// VirtualSockets: the connections between simulated clients and the nodes, byte by byte, with the faults that
// a kernel and a network have.
//
// A socket has two buffers: what the client has sent and the node has not read, and what the node has written
// and the client has not read. The second is bounded, so a client that does not read blocks the node's
// writes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/sockets.h"
#include "dice.h"
#include "trace.h"
#include "virtual_loop.h"

namespace carillon::simulation {

struct VirtualSocket {
  int node = 0;
  int shard = 0;
  VirtualLoop* loop = nullptr;
  std::string address;
  std::string to_node;
  std::string to_client;
  std::size_t buffer_max = 64 * 1024;  // of to_client: the send and the receive buffer together
  std::size_t read_bytes_max = 1 << 20;
  std::uint64_t written = 0;  // by the node, ever
  std::uint64_t acked = 0;    // of these, by the client's kernel
  bool accepted = false;
  bool vanished = false;  // the client's machine is gone: no byte and no reset comes from it
  bool client_ended = false;
  bool client_reset = false;
  bool was_short = false;   // the last write came up short: the next room is an edge
  MonoTime short_at{};      // when a write last came up short
  bool node_ended = false;  // the node has shut its side down
  bool node_closed = false;
  bool node_reset = false;
  // How far the node's feed was when the bytes up to an offset were written.
  struct Stamp {
    std::uint64_t until = 0;
    std::uint64_t fed = 0;
  };
  std::deque<Stamp> stamps;

  bool is_open() const { return !node_closed && !node_reset; }
  bool has_room() const { return to_client.size() < buffer_max; }
};

// What goes wrong now, in percent of the calls.
struct SocketFaults {
  std::uint32_t short_writes = 0;
  std::uint32_t blocked_writes = 0;  // EAGAIN although there is room
  std::uint32_t short_reads = 0;
  std::uint32_t clock_cost_us = 0;  // each look at the clock takes up to so long
};

class VirtualSockets final : public client::Sockets {
 public:
  using FedSoFar = std::function<std::uint64_t(int node)>;
  VirtualSockets(VirtualClock& clock, Dice& dice, Trace& trace, FedSoFar fed_so_far);

  // --- listening ---
  int open_listener(VirtualLoop& loop, int node, int shard);
  // Resets those that wait there.
  void close_listener(int fd);
  void fail_accepts(int listener, int error, int times);
  std::vector<int> listeners_of(int node) const;

  // --- what clients do ---
  int connect(int listener, const std::string& address);
  void send(int fd, std::string_view bytes);
  std::string receive(int fd, std::size_t bytes_max);
  void end(int fd);
  void reset(int fd, std::string_view why);
  void vanish(int fd) { sockets_.at(fd).vanished = true; }
  void forget(int fd) { sockets_.erase(fd); }

  VirtualSocket& operator[](int fd) { return sockets_.at(fd); }
  const std::map<int, VirtualSocket>& all() const { return sockets_; }
  // Sockets that a node has written to or ended since the last call.
  std::vector<int> take_changed() { return std::exchange(changed_, {}); }
  // Edges of sockets that refused bytes although they had room. The simulator calls it as time passes.
  void give_owed_edges();
  MonoTime next_owed_edge() const { return owed_.empty() ? MonoTime::max() : owed_.begin()->first; }
  std::uint32_t readiness_of(int fd) const;

  SocketFaults faults;
  std::uint64_t shorts_given = 0;
  std::function<void(int node)> on_short;  // a write of this node came up short
  std::string misuse;                      // the first call on a closed descriptor

  // --- Sockets ---
  reactor::Accepted accept(int listener_fd, int notsent_low_water_bytes) override;
  client::ReadResult read(int fd, std::span<char> into) override;
  WriteResult write(int fd, const iovec* pieces, int count) override;
  void shut_down_writing(int fd) override;
  void close(int fd) override;
  void reset(int fd) override;
  std::string peer_host(int fd) override;
  client::SendState send_state(int fd) override;
  MonoTime precise_now() override;

 private:
  struct Listener {
    VirtualLoop* loop = nullptr;
    int node = 0;
    int shard = 0;
    std::deque<int> waiting;
    int error = 0;
    int errors_left = 0;
  };

  VirtualSocket* used(int fd, std::string_view call);
  void owe_edge(int fd, std::uint32_t events);
  void changed(int fd) { changed_.push_back(fd); }

  VirtualClock& clock_;
  Dice& dice_;
  Trace& trace_;
  const FedSoFar fed_so_far_;
  std::map<int, VirtualSocket> sockets_;
  std::map<int, Listener> listeners_;
  std::multimap<MonoTime, std::pair<int, std::uint32_t>> owed_;
  std::vector<int> changed_;
  int next_fd_ = kFirstVirtualDescriptor;
};

}  // namespace carillon::simulation
