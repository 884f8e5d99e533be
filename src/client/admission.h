// Admission: decides whether a new connection is admitted. It limits the connections of the process, of an
// endpoint, of one address and of one user, the accepted upgrades of one address in a sliding window, and the
// upgrades per second of the process.
//
// The limits of an [[endpoint]] are for the clients of all its transports together: they count by its primary
// Endpoint.
//
// Thread: any; one object for all shards, so that the limits hold for the process. It is used once per
// upgrade and once per close, never for an event; the caller passes in the time. For an endpoint without
// limits by address or user it takes no lock and remembers nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "client/accept_rate.h"
#include "client/accept_windows.h"
#include "client/body_budget.h"
#include "client/key_guesses.h"
#include "client/memory_pressure.h"
#include "protocol/endpoint_table.h"

namespace carillon::client {

// The client that limits count: its address and its user. IPv6 addresses count by their /64.
struct ClientKey {
  IpAddress address;
  std::string_view user;  // the token's subject, for the call; "" is not counted
};

class Admission {
 public:
  // Which limits counted this client when it was admitted; limits may have changed when it leaves.
  struct Counted {
    bool by_address = false;
    bool by_user = false;
  };

  enum class Answer : std::uint8_t {
    admitted,
    draining,
    memory_short,
    connections_max,
    endpoint_full,
    address_full,
    rate_exceeded,          // of the address
    process_rate_exceeded,  // server.accepts_rate
    user_full
  };

  Admission(std::uint32_t connections_max, const protocol::EndpointTable& endpoints,
            std::uint64_t bodies_bytes_max = 64 * 1024 * 1024, SipKey guesses_key = random_sip_key(),
            config::Limit accepts_rate = {});

  void begin_drain() { draining_.store(true, std::memory_order_relaxed); }
  bool draining() const { return draining_.load(std::memory_order_relaxed); }

  // From memory_watch.h: near the limit new clients are refused, and closer to it request bodies too.
  void set_memory(MemoryLevel level) {
    memory_.store(level, std::memory_order_relaxed);
    bodies_.set_open(level != MemoryLevel::shedding);
  }
  MemoryLevel memory() const { return memory_.load(std::memory_order_relaxed); }

  // Check a limit without reserving a place: ask() the connections of the process, the endpoint and the
  // address, ask_rate() the accepts of the address, ask_user() the connections of the user.
  Answer ask(const protocol::Endpoint& endpoint, const ClientKey& client_key) const;
  Answer ask_rate(const protocol::Endpoint& endpoint, const ClientKey& client_key, MonoTime now);
  Answer ask_user(const protocol::Endpoint& endpoint, const ClientKey& client_key) const;
  // Counts a token or key of this address that was refused (limits.failed_auth_weight).
  void note_failed_authentication(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                  MonoTime now);

  // Reserves the place and counts against the accept rate; call it when the 101 is about to be sent. It may
  // refuse what the checks above allowed, when another shard took the last place meanwhile.
  Answer enter(const protocol::Endpoint& endpoint, const ClientKey& client_key, MonoTime now);
  // What enter() counts this client by, when called with the same arguments.
  static Counted counted(const protocol::Endpoint& endpoint, const ClientKey& client_key);
  // Releases the place of a client that entered. Call once, with the same `client_key`.
  void leave(const protocol::Endpoint& endpoint, const ClientKey& client_key, Counted counted);

  // New settings are in use, with other limits. Connections over a lower limit stay.
  void on_settings_replaced(std::uint32_t connections_max, const protocol::EndpointTable& endpoints);
  // Counts an open connection by a limit that did not exist when it was admitted.
  void count_late(const protocol::Endpoint& endpoint, const ClientKey& client_key, Counted by);

  // The budget for the bodies of requests that are not answered yet.
  BodyBudget& bodies() { return bodies_; }
  const BodyBudget& bodies() const { return bodies_; }

  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  std::uint64_t connections_of(const protocol::Endpoint& endpoint) const {
    return by_endpoint_[endpoint.primary()].load(std::memory_order_relaxed);
  }
  // Whether events must be encoded for this endpoint's transport: always for WebSockets, for a stream while
  // it has a client. A client counts from enter() on, which is before it is subscribed.
  bool has_recipients(const protocol::Endpoint& endpoint) const {
    return !endpoint.is_stream() || stream_clients_[endpoint.index].load(std::memory_order_acquire) > 0;
  }
  // Whole seconds until one more upgrade of the address fits into the window: Retry-After.
  std::uint32_t retry_after_s(const protocol::Endpoint& endpoint, const ClientKey& client_key, MonoTime now);
  // Number of refusals because no further address could be remembered.
  std::uint64_t table_full_refusals() const { return windows_.table_full_refusals(); }

  // The upgrades per second of the process.
  AcceptRate& accept_rate() { return accept_rate_; }

  KeyGuesses& key_guesses() { return key_guesses_; }
  const KeyGuesses& key_guesses() const { return key_guesses_; }

  // --- for tests and metrics: what is remembered now ---
  struct Inside {
    std::size_t addresses;
    std::size_t users;
  };
  Inside inside() const;

 private:
  static AddressKey address_key(const protocol::Endpoint& endpoint, const ClientKey& client_key);
  static std::string user_key(const protocol::Endpoint& endpoint, const ClientKey& client_key);

  void give_back(const protocol::Endpoint& endpoint);
  // The caller of these holds mutex_.
  bool has_place_for_address(const protocol::Endpoint& endpoint, const ClientKey& client_key) const;
  bool has_place_for_user(const protocol::Endpoint& endpoint, const ClientKey& client_key) const;
  Answer enter_counted(const protocol::Endpoint& endpoint, const ClientKey& client_key, MonoTime now);

  KeyGuesses key_guesses_;
  AcceptRate accept_rate_;
  std::atomic<std::uint32_t> connections_max_;
  BodyBudget bodies_;
  std::atomic<bool> draining_{false};
  std::atomic<MemoryLevel> memory_{MemoryLevel::normal};
  std::atomic<std::uint64_t> connections_{0};
  std::vector<std::atomic<std::uint64_t>> by_endpoint_;     // at the index of the primary one
  std::vector<std::atomic<std::uint64_t>> stream_clients_;  // at the index of each one that is a stream
  mutable std::mutex mutex_;                                // of the tables
  AcceptWindows windows_;
  std::unordered_map<AddressKey, std::uint32_t, AddressHash> addresses_;  // open connections; never 0
  std::unordered_map<std::string, std::uint32_t> users_;                  // likewise
};

}  // namespace carillon::client
