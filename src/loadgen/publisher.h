#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/address.h"
#include "loadgen/publishing.h"

namespace carillon::loadgen {

// Publisher: one connection that publishes events as soon as they are due and the server accepts them.
// Bounded: at most kUnsentBytesMax wait for the socket, and as many requests for a response as the protocol
// allows; further events wait, and are late.
//
// Thread: one. connect() blocks for kConnectMax at most; turn() until the given time.
class Publisher {
 public:
  static constexpr std::size_t kUnsentBytesMax = 256 * 1024;
  static constexpr auto kConnectMax = seconds(5);

  // The n-th event, counted from 0.
  using EventMaker = std::function<OutgoingEvent(std::uint64_t n)>;

  static Result<std::unique_ptr<Publisher>> connect(const SocketAddress& address,
                                                    std::unique_ptr<PublishProtocol> protocol);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Opens a fresh connection where the protocol has no sessions, because servers close one that was idle
  // while the clients connected.
  Result<std::monostate> renew();
  // Begins another series of events; the previous one must be done().
  void begin(EventMaker maker);
  // Sets how many events are due, in total since begin().
  void offer(std::uint64_t events) { offered_ = events; }
  // Sends what is due and reads responses, until a response arrives or `until` is reached. An error means
  // that the connection has failed and nothing more can be published.
  Result<std::monostate> turn(MonoTime until);
  // Returns true when every event that is due has a response.
  bool done() const { return made_ == offered_ && unanswered_.empty(); }

  // Since begin().
  std::uint64_t published() const { return published_; }  // and acknowledged
  std::uint64_t sent() const { return made_; }            // or about to be
  std::uint64_t refused() const { return refused_; }
  const std::string& refusal() const { return refusal_; }

 private:
  struct Request {
    std::uint64_t first = 0;
    std::uint64_t events = 0;
  };

  Publisher(const SocketAddress& address, std::unique_ptr<PublishProtocol> protocol)
      : address_(address), protocol_(std::move(protocol)) {}
  Result<std::monostate> open();
  Result<std::monostate> reopen();
  void make_requests();
  void append(const Request& request);
  Result<std::monostate> send();
  Result<std::monostate> receive();
  Result<std::monostate> take(const Answers& answers);

  const SocketAddress address_;
  std::unique_ptr<PublishProtocol> protocol_;
  EventMaker maker_;
  int fd_ = -1;
  bool answered_ = false;  // anything at all, on this connection
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
  std::deque<Request> unanswered_;
  std::vector<OutgoingEvent> batch_;
  std::uint64_t offered_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t refused_ = 0;
  std::string refusal_;
};

// Waits until then.
void wait_until(MonoTime until);

}  // namespace carillon::loadgen
