// Resumes: the subscriptions of one shard that wait for what they have missed. A subscription that asks for
// the past begins when the history's answer is here, so that nothing is missing and nothing is twice between
// the two.
//
// Thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/client_id.h"
#include "gateway/resume.h"
#include "protocol/selection.h"

namespace carillon::gateway {

// A subscription that waits: to a channel, by a command of the client; or to what its request selects. Or a
// history command, which is no subscription but waits in the same way.
struct WaitingSubscription {
  client::ClientId client;
  std::uint16_t endpoint = 0;       // the primary one
  std::string channel;              // of a command
  std::string request;              // the command, for its reply
  protocol::Selection selection{};  // of a request
  bool is_history = false;
  bool is_by_command() const { return !channel.empty(); }
  std::size_t memory() const {
    std::size_t bytes = sizeof(*this) + channel.size() + request.size();
    for (const std::string& each : selection.values) bytes += sizeof(each) + each.size();
    return bytes;
  }
};

class Resumes {
 public:
  // At most so many wait on one shard, and occupy so much. More are answered at once, as overloaded.
  static constexpr std::size_t kWaitingMax = 65'536;
  static constexpr std::size_t kBytesMax = std::size_t{64} * 1024 * 1024;

  // What answers, and where to: both outlive it. Without a service every subscription is answered
  // `no_history`.
  Resumes(ResumeService* service, BatchTaker* taker) : service_(service), taker_(taker) {}
  Resumes(const Resumes&) = delete;
  Resumes& operator=(const Resumes&) = delete;

  // The position that a subscription has that begins after the event with this number; empty where there is
  // no history.
  std::string position_of(std::uint64_t number) const;

  // Asks for what `subscription` has missed. `request` says what; its client and ticket are filled in.
  void begin(WaitingSubscription subscription, ResumeRequest request);
  // Sends the requests of this turn. Call at the end of each turn; what could not be asked is answered in
  // `answered` at once.
  void send_requests(std::vector<ResumeAnswer>& answered);
  bool has_requests() const { return !requests_.empty() || !refused_.empty(); }

  // Returns the subscription that an answer is for; nothing when it has ended since.
  std::optional<WaitingSubscription> take(const ResumeAnswer& answer);
  // The client has unsubscribed from a channel that it waits for.
  void cancel(std::uint32_t client, std::string_view channel);
  // Forgets every subscription of a client.
  void forget(std::uint32_t client);
  // Whether a subscription of the client waits.
  bool is_waiting(std::uint32_t client) const { return waiting_.contains(client); }

 private:
  struct Ticket {
    std::uint64_t number;
    WaitingSubscription subscription;
  };
  void refuse(const ResumeRequest& request, ResumeOutcome why);
  void drop(std::vector<Ticket>& tickets, std::size_t at);

  ResumeService* const service_;
  BatchTaker* const taker_;
  std::unordered_map<std::uint32_t, std::vector<Ticket>> waiting_;  // by client
  std::vector<ResumeRequest> requests_;                             // of this turn
  std::vector<ResumeAnswer> refused_;
  std::uint64_t next_ticket_ = 1;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace carillon::gateway
