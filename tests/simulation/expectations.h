// Expectations: what one client must receive, and what it has received of that: events by what it is
// subscribed to, replies by what it has asked for. Each check returns what is wrong, or nothing.
//
// Where events have positions it keeps one for each channel, as docs/history.md says: what a client needs to
// come back.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "notices.h"
#include "recovery.h"
#include "streams.h"

namespace carillon::simulation {

class Expectations {
 public:
  enum class Reply : std::uint8_t { subscribed, refused, unsubscribed, pong };
  using Fault = std::optional<std::string>;
  using Positions = std::map<std::string, std::string, std::less<>>;  // by channel; "": of the request

  Expectations(NodeView& node, Profile profile) : node_(node), profile_(profile), notices_(node, profile) {}

  // The connection is open: what the endpoint sends to all, or what the request selected.
  struct Begin {
    std::optional<std::set<std::string>> types;
    std::uint64_t earliest = 0;  // it began after this entry of the feed
    std::uint64_t latest = 0;    // and before this one
    std::optional<Asked> asked;  // the request has a position
    int shard = 0;
  };
  void begin(Begin begin);
  // It has asked for something. A subscription begins after the feed's entry `earliest`.
  void expect(Reply reply, std::string channel, std::uint64_t earliest);
  void expect_publish() { ++publishes_; }
  // It has subscribed, and asks for missed events: the reply may come after others.
  void ask(Asked asked) { asked_.push_back(std::move(asked)); }
  bool has_asked(std::string_view channel) const;

  // An event as it came. `channel`: of the bus.
  struct Received {
    std::uint32_t serial = 0;
    std::string_view channel;
    std::string_view text;
  };
  // `misbehaved`: then the client does not know what it is subscribed to.
  Fault check_event(const Received& received, bool misbehaved, MonoTime now);
  // `latest`: how far the feed was when the reply was written.
  Fault check_reply(std::string_view type, std::uint64_t latest);
  // A reply to a subscription where events have positions.
  Fault check_subscribed(std::string_view text, std::uint64_t latest, MonoTime now);
  // An error frame for a message that was not published.
  Fault check_failed_publish();
  // A frame about positions, where a request selects what the client receives: the first one, that of missed
  // events, or a ping. Nothing when it is another frame.
  std::optional<Fault> check_about_positions(std::string_view text, std::uint64_t latest, MonoTime now);
  Fault check_ping(std::string_view position, MonoTime now);
  // A frame about the bus: a gap, or its state. Nothing when it is another frame.
  std::optional<Fault> check_notice(std::string_view text, bool misbehaved, std::uint64_t latest);

  // Whether the events of its endpoint have positions.
  bool has_positions() const { return node_.plan.retains(profile_); }
  bool has_begun() const { return main_.has_value(); }
  std::uint64_t events() const { return events_; }
  // What has not come of everything that the feed has by now.
  Fault missing() const;
  // A subscription that has asked for missed events long ago, and has no answer.
  Fault unanswered(MonoTime now) const;
  // What it would come back with.
  const Positions& positions() const { return positions_; }

 private:
  struct Expected {
    Reply reply;
    std::string channel;
    std::uint64_t earliest;
  };
  Stream stream_of(std::string_view channel, std::uint64_t earliest, std::uint64_t latest,
                   std::uint64_t after = 0);
  // All events with a higher number, which may be one that no event has reached yet.
  Stream stream_after(std::string_view channel, std::uint64_t number);
  Fault check_position(const Received& received, std::uint64_t& number);
  Fault check_recovered(MonoTime now);
  Fault check_open(std::string_view position);
  Fault check_bus_gap(std::string_view before, bool misbehaved, std::uint64_t latest);
  Fault check_gap(std::string_view reason, std::uint64_t latest, MonoTime now);
  std::optional<Asked> take_asked(std::string_view channel);

  NodeView& node_;
  const Profile profile_;
  std::optional<std::set<std::string>> types_;
  std::optional<Stream> main_;
  std::map<std::string, Stream, std::less<>> channels_;
  std::deque<Expected> replies_;
  std::vector<Asked> asked_;  // that have no answer
  NoticeExpectations notices_;
  Positions positions_;
  int publishes_ = 0;  // that have not failed
  struct {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
  } unsubscribes_;
  std::uint64_t events_ = 0;
};

}  // namespace carillon::simulation
