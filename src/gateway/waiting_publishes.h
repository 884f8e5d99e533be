// WaitingPublishes: the publish commands of one shard's clients that the bus has not answered yet, where the
// protocol has a reply to them.
//
// Thread: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "client/client_id.h"

namespace carillon::gateway {

class WaitingPublishes {
 public:
  // The requests of one shard together are at most this long.
  static constexpr std::size_t kBytesMax = std::size_t{16} * 1024 * 1024;

  // One publish command.
  struct Publish {
    client::ClientId client;
    std::string request;  // the command, for its reply
    std::string channel;  // as the client named it
  };

  WaitingPublishes() = default;
  WaitingPublishes(const WaitingPublishes&) = delete;
  WaitingPublishes& operator=(const WaitingPublishes&) = delete;

  // Returns the ticket to take() it with; nothing, and keeps nothing, when the client already has `most`
  // publishes that wait, or the shard has no room.
  std::optional<std::uint64_t> add(Publish publish, std::uint32_t most);
  // Ends the wait. Call it once for each ticket, also when the client is gone by then.
  std::optional<Publish> take(std::uint64_t ticket);

  std::size_t size() const { return waiting_.size(); }

 private:
  static std::uint64_t key_of(client::ClientId client) {
    return std::uint64_t{client.generation} << 32 | client.index;
  }
  static std::size_t memory_of(const Publish& publish) {
    return sizeof(publish) + publish.request.size() + publish.channel.size();
  }

  std::unordered_map<std::uint64_t, Publish> waiting_;      // by ticket
  std::unordered_map<std::uint64_t, std::uint32_t> count_;  // by client
  std::uint64_t next_ticket_ = 1;
  std::size_t bytes_ = 0;
};

}  // namespace carillon::gateway
