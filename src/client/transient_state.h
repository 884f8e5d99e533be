// TransientState: what a connection has only for a while, in one pointer: its HttpExchange while it speaks
// HTTP, its Inbound while a WebSocket's frame or message is incomplete or a reply waits. Never both.
//
// Thread: its shard's. An idle WebSocket has neither, and pays these 8 bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "client/answer_queue.h"
#include "client/body_budget.h"
#include "client/http_connections.h"
#include "http/body_pace.h"
#include "http/body_reader.h"
#include "http/head_reader.h"
#include "http/proxy_header.h"
#include "reactor/spare_descriptor.h"
#include "websocket/frame_reader.h"

namespace carillon::client {

// What a connection has only while it speaks HTTP.
struct HttpExchange {
  explicit HttpExchange(http::HeadLimits limits) : head_reader(limits) {}

  http::HeadReader head_reader;
  http::RequestHead head;  // of the request under way
  std::optional<http::BodyReader> body_reader;
  BodyShare body_share;  // from the body's first byte until the whole request waits in `answers`
  http::BodyPace body_pace;
  std::string unread;                   // came with a read and has to wait: pipelined requests
  AnswerQueue answers;                  // to the requests before the one that is being read
  bool head_waits = false;              // `head` is whole, and judged when the answers before it have left
  MonoTime read_due = MonoTime::max();  // when the head or body that is being read must be whole
  std::unique_ptr<http::ProxyHeaderReader> proxy_header;  // in that state only
  HttpConnections::Place place;                           // empty on the spare descriptor
  reactor::SpareDescriptor::Lease spare;                  // nearly always empty
  IpAddress peer;                                         // who is connected, or whom its PROXY header names
  IpAddress client;              // of the request under way: the peer, or whom its header names
  std::uint32_t request = 0;     // counts them, so that an answer reaches only the one it was made for
  bool answered_before = false;  // kept alive: silence is idleness, not slowness

  // The request is answered or given up: gives back the memory of its body.
  void end_body() {
    body_reader.reset();
    body_share.release();
  }
};

// What a WebSocket has only between the parts of a frame or message, or while it may not be read.
struct Inbound {
  websocket::FrameReader reader;
  std::string unread;  // came with a read that had to stop
  std::string held;    // replies for which the outbox had no room
};

class TransientState {
 public:
  TransientState() = default;
  TransientState(TransientState&& other) noexcept : bits_(std::exchange(other.bits_, 0)) {}
  TransientState& operator=(TransientState&& other) noexcept {
    if (this != &other) {
      reset();
      bits_ = std::exchange(other.bits_, 0);
    }
    return *this;
  }
  ~TransientState() { reset(); }

  HttpExchange& begin_exchange(http::HeadLimits limits);
  // Only while there is one.
  HttpExchange& exchange() const {
    CARILLON_ASSERT(bits_ != 0 && (bits_ & kInbound) == 0);
    return *reinterpret_cast<HttpExchange*>(bits_);
  }

  const HttpExchange* find_exchange() const {  // null: none
    return bits_ != 0 && (bits_ & kInbound) == 0 ? reinterpret_cast<const HttpExchange*>(bits_) : nullptr;
  }

  // The one that there is, or a new one. Not beside an exchange.
  Inbound& make_inbound();
  Inbound* inbound() const {  // null: none
    return (bits_ & kInbound) != 0 ? reinterpret_cast<Inbound*>(bits_ & ~kInbound) : nullptr;
  }

  // Ends whatever there is.
  void reset();

 private:
  static constexpr std::uintptr_t kInbound = 1;  // a bit that no pointer of ours has

  std::uintptr_t bits_ = 0;
};

}  // namespace carillon::client
