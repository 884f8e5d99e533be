// Expectations: what one client must receive, and what it has received of that: events by what it is
// subscribed to, replies by what it has asked for. Each check returns what is wrong, or nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "streams.h"

namespace carillon::simulation {

class Expectations {
 public:
  enum class Reply : std::uint8_t { subscribed, refused, unsubscribed, pong };
  using Fault = std::optional<std::string>;

  explicit Expectations(Feed& feed) : feed_(feed) {}

  // The connection is open: what the endpoint sends to all, or what the request selected.
  void begin(Stream main) { main_ = std::move(main); }
  // It has asked for something. A subscription begins after the feed's entry `earliest`.
  void expect(Reply reply, std::string channel, std::uint64_t earliest);
  void expect_publish() { ++publishes_; }

  // `channel`: of the bus. `misbehaved`: then the client does not know what it is subscribed to.
  Fault check_event(std::uint32_t serial, std::string_view channel, bool misbehaved);
  // `latest`: how far the feed was when the reply was written.
  Fault check_reply(std::string_view type, std::uint64_t latest);
  // An error frame for a message that was not published.
  Fault check_failed_publish();

  std::uint64_t events() const { return events_; }
  // What has not come of everything that the feed has by now.
  Fault missing() const;

 private:
  struct Expected {
    Reply reply;
    std::string channel;
    std::uint64_t earliest;
  };

  Feed& feed_;
  std::optional<Stream> main_;
  std::map<std::string, Stream, std::less<>> channels_;
  std::deque<Expected> replies_;
  int publishes_ = 0;  // that have not failed
  std::uint64_t events_ = 0;
};

}  // namespace carillon::simulation
