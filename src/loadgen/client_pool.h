#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/client_settings.h"
#include "loadgen/frame_counter.h"
#include "loadgen/histogram.h"
#include "loadgen/http_stream.h"
#include "loadgen/timetable.h"

namespace carillon::loadgen {

// Counters of one ClientPool.
struct PoolCounters {
  std::uint64_t connected = 0;     // now open, stalled ones included
  std::uint64_t stalled = 0;       // of them: never read
  std::uint64_t refused = 0;       // no 101 came; each is tried once
  std::uint64_t lost = 0;          // were open and were closed by the server; without stalled clients
  std::uint64_t stalled_lost = 0;  // the same, for stalled clients
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // everything received except the handshakes
  std::uint64_t pings = 0;  // answered
  std::uint64_t reads = 0;
  std::uint64_t checked = 0;       // events whose number was checked since begin()
  std::uint64_t out_of_order = 0;  // of those, the ones that had an unexpected number

  void add(const PoolCounters& other);
};

// Which of a run's clients are in this pool: first, first + step, …
struct Numbering {
  std::uint32_t first = 0;
  std::uint32_t step = 1;
};

// Whether all clients share a channel, or each has its own.
enum class Channels : std::uint8_t { shared, one_a_client };

// ClientPool: many clients on one epoll instance that count events as cheaply as possible. They connect, a
// limited number at a time, answer pings, and count the events that each receives. With a timetable they also
// measure the latency of each event.
//
// Latency is measured without reading payloads. Events arrive in order, so the k-th event that a client
// receives after begin() is the k-th of its channel, and the timetable has the time at which that was due
// (loadgen/timetable.h: this is what corrects for coordinated omission). All events of one recv() share one
// reading of the clock. For one client in kLookEvery the numbers in the payloads are read, to prove that the
// k-th event is the k-th.
//
// Thread: one. Only turn() blocks. Memory: 56 B per client, more during its handshake, and one receive buffer
// for all.
class ClientPool final {
 public:
  // Concurrent handshakes: few enough not to fill the server's backlog or to delay its other clients.
  static constexpr std::uint32_t kHandshakesMax = 64;
  static constexpr std::uint32_t kLookEvery = 64;

  // The settings must outlive it.
  explicit ClientPool(const ClientSettings& settings, Numbering numbering = {});
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // Sets the total number of clients; existing clients stay.
  void want(std::uint32_t clients);
  // Returns true when all wanted clients are connected or were refused.
  bool settled() const { return clients_.size() >= wanted_ && handshakes_ == 0; }

  // Makes turn() also report when this descriptor is readable.
  void watch(int fd);
  // Waits at most this long for I/O and handles it. Returns true when the watched descriptor is readable.
  bool turn(int timeout_ms);

  // Forgets the events received so far, and uses this timetable from now on.
  void begin(const Timetable& timetable, Channels channels);
  // Compares what the clients that were open when begin() was called have received with what they should
  // have, when the first `published` events of the timetable are certainly published and those up to `sent`
  // perhaps.
  struct Tally {
    std::uint64_t receivers = 0;
    std::uint64_t silent = 0;  // clients that received nothing
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;
    std::uint64_t surplus = 0;  // more than there can be
  };
  Tally tally(std::uint64_t published, std::uint64_t sent) const;
  // Returns the numbers (in the run) of at most `most` clients that have received nothing since begin().
  std::vector<std::uint32_t> silent_clients(std::size_t most) const;

  const PoolCounters& counters() const { return counters_; }
  const Histogram& latency() const { return latency_; }
  const Histogram& handshake_times() const { return handshake_times_; }
  MonoTime last_event_at() const { return last_event_at_; }
  // Why the first refused client was refused, in words.
  const std::string& first_refusal() const { return first_refusal_; }

  // The fewest and the most events that any client received, among the clients that were ever open.
  struct Extremes {
    std::uint64_t fewest = 0;
    std::uint64_t most = 0;
  };
  Extremes extremes() const;

 private:
  enum class State : std::uint8_t { connecting, awaiting_answer, open, stalled, gone };
  struct Handshake {
    MonoTime begun;
    std::string head;  // of the response, until it is complete
  };
  struct Client {
    FrameCounter frames;
    std::uint64_t received = 0;
    std::unique_ptr<Handshake> handshake;
    int fd = -1;
    State state = State::connecting;
    bool was_open = false;
    bool receives = false;     // was open, and read, when begin() was called
    std::uint8_t matched = 0;  // of the marker
  };
  struct Look {
    NumberFinder finder;
    std::uint64_t next_k = 0;
  };
  struct Stream {  // of a client of Server-Sent Events
    ChunkWalker chunks;
    bool chunked = false;
  };
  class Listening;

  std::uint32_t number_of(std::size_t index) const {
    return numbering_.first + static_cast<std::uint32_t>(index) * numbering_.step;
  }
  std::uint32_t channel_of(std::uint32_t index) const {
    return channels_ == Channels::shared ? 0 : number_of(index);
  }
  Look* look_of(std::uint32_t index) {
    return index % kLookEvery == 0 ? &looks_[index / kLookEvery] : nullptr;
  }

  // client_pool.cc: connecting and closing
  void start_handshakes();
  void start(std::uint32_t index);
  void on_ready(std::uint32_t index, std::uint32_t epoll_events);
  void send_request(std::uint32_t index);
  void on_head_bytes(std::uint32_t index, std::string_view bytes);
  bool is_welcome(std::uint32_t index, std::string_view head);
  void open(std::uint32_t index);
  bool greet(std::uint32_t index);
  void stall(std::uint32_t index);
  void refuse(std::uint32_t index, std::string why);
  void end(std::uint32_t index);
  enum class Until : std::uint8_t { nothing_more_is_there, end };
  void read(std::uint32_t index, Until until);

  // receiving.cc
  void receive(std::uint32_t index, std::string_view bytes, MonoTime now);
  std::uint32_t receive_frames(std::uint32_t index, std::string_view bytes);
  std::uint32_t receive_stream(std::uint32_t index, std::string_view bytes);
  void record_latency(std::uint32_t index, std::uint64_t from, std::uint32_t events, MonoTime now);
  void look_at(std::uint32_t index, Look& look, std::string_view payload);
  bool send_message(int fd, websocket::Opcode opcode, std::string_view payload);

  const ClientSettings& settings_;
  const Numbering numbering_;
  const std::string accept_key_;
  std::size_t short_bytes_max_ = 0;
  int epoll_ = -1;
  std::vector<Client> clients_;
  std::vector<Look> looks_;
  std::vector<Stream> streams_;
  std::vector<char> receive_;
  std::string send_;
  std::uint32_t wanted_ = 0;
  std::uint32_t handshakes_ = 0;  // under way
  PoolCounters counters_;
  Histogram handshake_times_;
  Histogram latency_;
  std::string first_refusal_;
  bool measures_latency_ = false;
  Timetable timetable_;
  Channels channels_ = Channels::shared;
  MonoTime last_event_at_{};
};

}  // namespace carillon::loadgen
