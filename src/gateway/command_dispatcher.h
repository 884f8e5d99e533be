// CommandDispatcher: executes the commands in clients' messages (subscribe, unsubscribe, ping, publish) and
// sends the replies and error frames of their protocol.
//
// Thread: the shard's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "client/client_id.h"
#include "client/counters.h"
#include "client/event_publisher.h"
#include "client/incident_log.h"
#include "gateway/audiences.h"
#include "gateway/resume.h"
#include "gateway/waiting_publishes.h"
#include "history/reading.h"
#include "json/template.h"
#include "protocol/commands.h"
#include "protocol/endpoint.h"
#include "protocol/replies.h"
#include "reactor/loop.h"

namespace carillon::gateway {

// The client that a command comes from.
struct CommandClient {
  client::ClientId id;
  const protocol::Endpoint& endpoint;
  const auth::Identity* identity;  // null when the endpoint requires no token
};

// What CommandDispatcher needs from the owner of the clients.
class CommandHost {
 public:
  // Sends a text message to an open client, before any further event. Returns false when nothing more of the
  // client may be handled: its outbox is full, and it is read again when there is room, or it was closed
  // because memory is short.
  virtual bool send_text(client::ClientId client, std::string_view payload) = 0;
  // Sends whole frames in the same way, all of them or none.
  virtual bool send_frames(client::ClientId client, std::string_view frames) = 0;
  // Sends a text message that answers an earlier command. Returns false, and sends nothing, when the client
  // reads so slowly that more than its outbox and `beyond` bytes would wait.
  virtual bool send_late(client::ClientId client, std::string_view payload, std::size_t beyond) = 0;
  // Closes an open client whose command needs more memory than there is.
  virtual void close_for_memory(client::ClientId client) = 0;
  // A command of an open client was carried out, or refused because of `why`: for the log at debug level.
  virtual void note_decision(client::ClientId client, std::string_view decision, std::string_view channel,
                             std::string_view why) = 0;
  // Returns nothing once the client is closing or gone.
  virtual std::optional<CommandClient> find_open(client::ClientId client) = 0;
  // Asks the history for what the command wants of the past. Once it has answered, finish_subscribe() begins
  // the subscription, or finish_history() answers the command.
  virtual void begin_resume(const CommandClient& client, const protocol::Command& command) = 0;
  // The client has unsubscribed: a subscription that waits for that answer ends.
  virtual void cancel_resume(client::ClientId client, std::string_view channel) = 0;
  // Sends missed events to a client, before any event of the subscription that was made last.
  virtual void replay(client::ClientId client, history::Records events) = 0;
  // Reports that events of the channel are missing: with a gap frame, or by closing a client whose protocol
  // has none.
  virtual void report_gap(const CommandClient& client, std::string_view channel, std::string_view reason) = 0;
  // The position of a subscription that begins after the event with this number; empty where there is none.
  virtual std::string position_of(std::uint64_t number) const = 0;

 protected:
  ~CommandHost() = default;
};

// What a reply says of a subscription besides its channel, or of a page of a history.
struct ReplyStanding {
  std::string position{};
  std::optional<bool> recovered{};
  std::string_view reason{};
  std::string events{};
  std::optional<bool> more{};
};

class CommandDispatcher {
 public:
  // All arguments outlive it, and it outlives the functions that it posts to the loop.
  CommandDispatcher(Audiences& audiences, CommandHost& host, client::EventPublisher& publisher,
                    reactor::Loop& loop, client::IncidentLog& incidents, client::ShardCounters& counters)
      : audiences_(audiences),
        host_(host),
        publisher_(publisher),
        loop_(loop),
        incidents_(incidents),
        counters_(counters) {}
  CommandDispatcher(const CommandDispatcher&) = delete;
  CommandDispatcher& operator=(const CommandDispatcher&) = delete;

  // Executes the command; one with an array of channels as one command for each of them. Returns false when
  // no further command of this client may be handled now (CommandHost::send_text). The bus answers a publish
  // later; if the client is still open then, the protocol's reply follows, or an error frame if the bus has
  // refused the event.
  bool handle(const CommandClient& client, const protocol::Command& command);

  // Carries out a subscribe command that waited for the history: `command` as it was given to begin_resume().
  void finish_subscribe(const CommandClient& client, const protocol::Command& command, ResumeAnswer answer);

  // Answers a history command: `command` as it was given to begin_resume(). The answer has no events when the
  // client does not read fast enough to be sent them.
  void finish_history(const CommandClient& client, const protocol::Command& command,
                      const ResumeAnswer& answer);

  // Sends an error frame; does nothing when the protocol has none. Returns false as handle() does.
  bool send_error(const CommandClient& client, const protocol::ErrorValues& error);

 private:
  bool send(const CommandClient& client, std::string_view payload);
  bool handle_each(const CommandClient& client, const protocol::Command& list);
  bool subscribe(const CommandClient& client, const protocol::Command& command);
  bool read_history(const CommandClient& client, const protocol::Command& command);
  bool subscribe_now(const CommandClient& client, const protocol::Command& command);
  bool refuse_subscription(const CommandClient& client, const protocol::Command& command,
                           Audiences::Outcome why);
  bool unsubscribe(const CommandClient& client, const protocol::Command& command);
  bool publish(const CommandClient& client, const protocol::Command& command);
  bool refuse_unpermitted(const CommandClient& client, std::string_view channel,
                          const protocol::Command& command);
  bool refuse_reserved(const CommandClient& client, const protocol::Command& command);
  bool refuse_publish(const CommandClient& client, const protocol::Command& command, std::string_view channel,
                      protocol::ErrorDetail why);
  void on_not_published(client::ClientId client);
  void on_bus_answer(std::uint64_t ticket, bus::PublishResult result);
  bool give_up(const CommandClient& client);
  std::optional<std::string> render(const CommandClient& client, const json::Template& reply,
                                    const protocol::Command& command, const ReplyStanding& standing);
  bool send_reply(const CommandClient& client, const json::Template* reply, const protocol::Command& command,
                  const ReplyStanding& standing = {});

  Audiences& audiences_;
  CommandHost& host_;
  client::EventPublisher& publisher_;
  reactor::Loop& loop_;
  client::IncidentLog& incidents_;
  client::ShardCounters& counters_;
  WaitingPublishes waiting_publishes_;
  std::string* replies_ = nullptr;  // while an array of channels is handled: the frames that answer it
};

}  // namespace carillon::gateway
