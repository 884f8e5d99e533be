// EventStreams: the open event streams of one shard (Server-Sent Events, NDJSON), from the 200 to their end.
// The body of the response is the stream, and ends with the connection. Its client only receives: what it
// still sends is ignored, up to a small number of bytes.
//
// Where the endpoint has a history, a client resumes all of its channels from one position, and every id that
// it is sent is good for all of them (fanout::Order::by_number). Before any event it is sent one reply for
// each channel, as to a subscribe command, and the position at which it stands.
//
// Thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "client/clients.h"
#include "client/keepalive.h"
#include "client/shared.h"
#include "client/upgrade.h"
#include "fanout/fan_out.h"
#include "gateway/audiences.h"
#include "gateway/open_clients.h"
#include "gateway/resumes.h"
#include "http/date_clock.h"
#include "protocol/replies.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class EventStreams {
 public:
  using Index = std::uint32_t;
  // A client that has sent more than this behind its request is closed.
  static constexpr std::size_t kIgnoredBytesMax = 1024;

  // What it works with. All of it outlives the EventStreams; `audiences` may be constructed later.
  struct Parts {
    const client::Shared& shared;
    reactor::Loop& loop;
    client::Clients& clients;
    fanout::FanOut& fan_out;
    client::Keepalive& keepalive;
    Audiences& audiences;
    OpenClients& open_clients;
    Resumes& resumes;
  };
  explicit EventStreams(const Parts& parts) : parts_(parts) {}
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  // Sends the 200 and turns the connection into an open stream. May close the client.
  void open(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade);
  // Begins the subscriptions of an open stream that has waited for the history.
  void finish_resume(const WaitingSubscription& subscription, ResumeAnswer answer);
  // Ignores bytes of the client, or closes it when they have become too many.
  void on_bytes(Index index, std::size_t bytes);
  // The connection is about to be free; it may be of any kind.
  void on_released(Index index) {
    if (!ignored_.empty()) ignored_.erase(index);
  }

 private:
  std::string head_for(const protocol::Endpoint& endpoint, const http::RequestHead& request);
  bool send_open_message(Index index, const protocol::Endpoint& endpoint, const client::Upgrade& upgrade);
  void wait_for_history(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade);
  // `answer`: of the history; null where the client has asked for nothing.
  bool subscribe(Index index, const protocol::Endpoint& endpoint, const protocol::Selection& selection,
                 const ResumeAnswer* answer);
  bool append_standing(Index index, const protocol::Selection& selection, const ResumeAnswer* answer,
                       std::string& out);
  bool append_channel(const protocol::Endpoint& endpoint, const protocol::ReplyValues& values,
                      std::string& out);
  bool append_gap(const protocol::Endpoint& endpoint, const protocol::GapValues& values, std::string& out);
  void close_as(Index index, client::CloseReason why);

  const Parts parts_;
  http::DateClock date_;
  std::unordered_map<Index, std::size_t> ignored_;  // bytes of those clients that have sent any
};

}  // namespace carillon::gateway
