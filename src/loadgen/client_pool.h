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
  std::uint64_t lost = 0;          // open once, and closed by the server
  std::uint64_t stalled_lost = 0;  // the same of stalled ones, which are not in `lost`
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of events and all else, without the handshakes
  std::uint64_t pings = 0;  // answered
  std::uint64_t reads = 0;
  std::uint64_t checked = 0;       // events whose number was looked at since begin()
  std::uint64_t out_of_order = 0;  // of them: not the one whose turn it was

  void add(const PoolCounters& other);
};

// Which of a run's clients are in this pool: first, first + step, …
struct Numbering {
  std::uint32_t first = 0;
  std::uint32_t step = 1;
};

// Whether all clients share a channel, or each has its own.
enum class Channels : std::uint8_t { shared, one_a_client };

// ClientPool: many clients on one epoll, as cheap as counting can be. They connect, a bounded number at a
// time, answer pings, and count the events that come to each of them; told of a timetable, they also know how
// long each event took.
//
// Latency without reading payloads: order is promised, so the k-th event that a client receives after begin()
// is the k-th of its channel, and the timetable says when that was meant to be published
// (loadgen/timetable.h: this is what corrects for coordinated omission). All events of one recv share one
// reading of the clock. One client in kLookEvery has its payloads looked at for the events' numbers, to prove
// that the k-th is the k-th.
//
// Thread: one. Nothing here waits but turn(). Memory: 56 B a client, more only during its handshake; one
// receive buffer for all.
class ClientPool final {
 public:
  // Handshakes under way at once: the server's backlog and its other clients should not notice.
  static constexpr std::uint32_t kHandshakesMax = 64;
  static constexpr std::uint32_t kLookEvery = 64;

  // The settings must outlive it.
  explicit ClientPool(const ClientSettings& settings, Numbering numbering = {});
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // Be so many clients in all; those that there are stay.
  void want(std::uint32_t clients);
  // All that were wanted are connected, or were refused.
  bool settled() const { return clients_.size() >= wanted_ && handshakes_ == 0; }

  // Also reports when this descriptor is readable.
  void watch(int fd);
  // Waits for I/O, at most so long, and does what there is to do. True when the watched descriptor is
  // readable.
  bool turn(int timeout_ms);

  // Forgets the events received so far, and uses this timetable from now on.
  void begin(const Timetable& timetable, Channels channels);
  // What the clients that are open, or were when begin() was called, have and should have, now that the first
  // `published` events of the timetable are out for certain, and those up to `sent` perhaps.
  struct Tally {
    std::uint64_t receivers = 0;
    std::uint64_t silent = 0;  // clients that received nothing
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;
    std::uint64_t surplus = 0;  // more than there can be
  };
  Tally tally(std::uint64_t published, std::uint64_t sent) const;
  // Returns clients that have received nothing since begin(), by their number in the run, at most as many.
  std::vector<std::uint32_t> silent_clients(std::size_t most) const;

  const PoolCounters& counters() const { return counters_; }
  const Histogram& latency() const { return latency_; }
  const Histogram& handshake_times() const { return handshake_times_; }
  MonoTime last_event_at() const { return last_event_at_; }
  // In words, of the first client that was refused.
  const std::string& first_refusal() const { return first_refusal_; }

  // Events of the client that had fewest and of the one that had most, of those that were ever open.
  struct Extremes {
    std::uint64_t fewest = 0;
    std::uint64_t most = 0;
  };
  Extremes extremes() const;

 private:
  enum class State : std::uint8_t { connecting, awaiting_answer, open, stalled, gone };
  struct Handshake {
    MonoTime begun;
    std::string head;  // of the answer, until it is whole
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

  // client_pool.cc: a client's life
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
  std::uint32_t hear_frames(std::uint32_t index, std::string_view bytes);
  std::uint32_t hear_stream(std::uint32_t index, std::string_view bytes);
  void reckon(std::uint32_t index, std::uint64_t from, std::uint32_t events, MonoTime now);
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
  bool reckons_ = false;
  Timetable timetable_;
  Channels channels_ = Channels::shared;
  MonoTime last_event_at_{};
};

}  // namespace carillon::loadgen
