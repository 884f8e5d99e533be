// TransientState: per-connection state that exists only for a while: a tagged pointer to an HttpExchange
// while the connection speaks HTTP, or to an Inbound while a WebSocket's frame or message is incomplete or a
// reply waits.
//
// Thread: its shard's. An idle WebSocket has neither, and costs these 8 bytes.
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
#include "client/key_waits.h"
#include "http/body_pace.h"
#include "http/body_reader.h"
#include "http/head_reader.h"
#include "http/proxy_header.h"
#include "reactor/spare_descriptor.h"
#include "websocket/frame_reader.h"

namespace carillon::client {

// The state of a connection while it speaks HTTP.
struct HttpExchange {
  explicit HttpExchange(http::HeadLimits limits) : head_reader(limits) {}

  http::HeadReader head_reader;
  http::RequestHead head;  // of the current request
  std::optional<http::BodyReader> body_reader;
  BodyShare body_share;  // from the body's first byte until the whole request waits in `answers`
  http::BodyPace body_pace;
  std::string unread;                   // pipelined requests that came with a read and have to wait
  AnswerQueue answers;                  // to the requests before the one being read
  bool head_waits = false;              // `head` is complete, and handled once the answers before it are sent
  MonoTime began{};                     // of its first request: when the connection was accepted
  MonoTime read_due = MonoTime::max();  // when the head or body being read must be complete
  std::unique_ptr<http::ProxyHeaderReader> proxy_header;  // only in State::proxy_header
  HttpConnections::Place place;                           // empty on the spare descriptor
  reactor::SpareDescriptor::Lease spare;                  // almost always empty
  KeyWaits::Place key_wait;                               // while the upgrade in `head` waits for a key set
  IpAddress peer;                                         // the peer, or the address in its PROXY header
  IpAddress client;              // of the current request: the peer, or the address in its header
  std::uint32_t request = 0;     // the number of requests, so that an answer reaches only its own request
  bool answered_before = false;  // kept alive: without bytes it is idle, not slow

  // Releases the memory of the body, because the request is answered or refused.
  void end_body() {
    body_reader.reset();
    body_share.release();
  }
};

// The state of a WebSocket between the parts of a frame or message, or while reading it is paused.
struct Inbound {
  websocket::FrameReader reader;
  std::string unread;  // bytes that came with a read that had to stop
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
  // May only be called while there is one.
  HttpExchange& exchange() const {
    CARILLON_ASSERT(bits_ != 0 && (bits_ & kInbound) == 0);
    return *reinterpret_cast<HttpExchange*>(bits_);
  }

  const HttpExchange* find_exchange() const {  // null: none
    return bits_ != 0 && (bits_ & kInbound) == 0 ? reinterpret_cast<const HttpExchange*>(bits_) : nullptr;
  }

  // Returns the present Inbound, or a new one. May not be called while there is an exchange.
  Inbound& make_inbound();
  Inbound* inbound() const {  // null: none
    return (bits_ & kInbound) != 0 ? reinterpret_cast<Inbound*>(bits_ & ~kInbound) : nullptr;
  }

  // Deletes the state that there is.
  void reset();

 private:
  static constexpr std::uintptr_t kInbound = 1;  // the tag; the lowest bit of these pointers is never set

  std::uintptr_t bits_ = 0;
};

}  // namespace carillon::client
