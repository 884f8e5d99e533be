// StreamSessions: the open WebSockets of one shard, from the 101 to their end. Frames come in, messages go to
// the endpoint's commands or are echoed, pings and the peer's close frame are answered, and rates are kept. A
// client whose replies have filled its outbox is not read until there is room again.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "client/clients.h"
#include "client/control_rate.h"
#include "client/counters.h"
#include "client/keepalive.h"
#include "client/message_rate.h"
#include "client/shared.h"
#include "fanout/fan_out.h"
#include "gateway/audiences.h"
#include "gateway/command_dispatcher.h"
#include "gateway/open_clients.h"
#include "gateway/resumes.h"
#include "reactor/loop.h"
#include "websocket/deflate.h"
#include "websocket/frame_reader.h"

namespace carillon::gateway {

class StreamSessions final : private CommandHost {
 public:
  using Index = std::uint32_t;

  // What it works with. All of it outlives the StreamSessions; `audiences` may be constructed later.
  struct Parts {
    const client::Shared& shared;
    reactor::Loop& loop;
    client::Clients& clients;
    fanout::FanOut& fan_out;
    client::Keepalive& keepalive;
    Audiences& audiences;
    OpenClients& open_clients;
    websocket::Deflater& deflater;
    client::ShardCounters& counters;
    Resumes& resumes;
  };
  explicit StreamSessions(const Parts& parts);
  StreamSessions(const StreamSessions&) = delete;
  StreamSessions& operator=(const StreamSessions&) = delete;

  // As client::StreamHandler defines them.
  void open(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade);
  void on_bytes(Index index, std::span<char> bytes);
  void resume(Index index);

  // Begins a subscription of an open client that has waited for the history.
  void finish_resume(const WaitingSubscription& subscription, ResumeAnswer answer);

  // A connection of any kind is about to be free (ClientHandler::on_released).
  void on_released(Index index);

  // Frees what rates and decompression no longer need. A few times a second.
  void sweep(MonoTime now);

 private:
  class Input;

  bool send_text(client::ClientId client, std::string_view payload) override;
  bool send_frames(client::ClientId client, std::string_view frames) override {
    return reply(client.index, frames);
  }
  bool send_late(client::ClientId client, std::string_view payload, std::size_t beyond) override;
  void close_for_memory(client::ClientId client) override { close_for_memory(client.index); }
  void note_decision(client::ClientId client, std::string_view decision, std::string_view channel,
                     std::string_view why) override {
    parts_.clients.log().trace().note(client.index, decision, channel, why);
  }
  std::optional<CommandClient> find_open(client::ClientId client) override;
  void begin_resume(const CommandClient& client, const protocol::Command& command) override;
  void cancel_resume(client::ClientId client, std::string_view channel) override {
    parts_.resumes.cancel(client.index, channel);
  }
  void replay(client::ClientId client, history::Records events) override;
  void report_gap(const CommandClient& client, std::string_view channel, std::string_view reason) override;
  std::string position_of(std::uint64_t number) const override { return parts_.resumes.position_of(number); }

  const protocol::Endpoint& endpoint_of(Index index) const { return parts_.clients.endpoint_of(index); }
  CommandClient command_client(Index index) const;
  bool send_open_frame(Index index, const protocol::Endpoint& endpoint);
  bool subscribe(Index index, const protocol::Endpoint& endpoint, const client::Upgrade& upgrade);
  void finish_selection(const CommandClient& client, const protocol::Selection& selection,
                        ResumeAnswer answer);
  void keep_rest(Index index, websocket::FrameReader reader, std::span<const char> unread);
  void close_for_fault(Index index, const websocket::ReadFault& fault);
  void close_for_memory(Index index);
  bool is_over_rate(Index index);
  bool is_over_control_rate(Index index);
  bool reply(Index index, std::string_view frame);

  const Parts parts_;
  websocket::Inflater inflater_;
  CommandDispatcher commands_;
  std::unordered_map<Index, client::MessageRate> rates_;  // of those whose endpoint has one
  client::ControlRate control_rate_;
};

}  // namespace carillon::gateway
