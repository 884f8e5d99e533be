#include "client/admission.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::client {
namespace {

template <class Map, class Key>
std::uint32_t count_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

template <class Map, class Key>
void give_back_in(Map& map, const Key& key) {
  const auto found = map.find(key);
  CARILLON_ASSERT(found != map.end());
  if (--found->second == 0) map.erase(found);
}

bool counts_address(const protocol::Endpoint& endpoint) {
  return endpoint.settings.limits.connections_per_ip.value.has_value();
}

bool counts_user(const protocol::Endpoint& endpoint, const ClientKey& client_key) {
  return endpoint.settings.limits.connections_per_user.value && !client_key.user.empty();
}

AcceptWindows::Rule rule_of(const protocol::Endpoint& endpoint) {
  const auto& limits = endpoint.settings.limits;
  return {limits.accepts_per_ip, limits.accepts_window, limits.failed_auth_weight.value.value_or(0)};
}

}  // namespace

Admission::Admission(std::uint32_t connections_max, const protocol::EndpointTable& endpoints,
                     std::uint64_t bodies_bytes_max, SipKey guesses_key, config::Limit accepts_rate)
    : key_guesses_(guesses_key),
      accept_rate_(accepts_rate, sip_hash_1_3(guesses_key, "Retry-After")),
      connections_max_(connections_max),
      bodies_(bodies_bytes_max),
      by_endpoint_(endpoints.size()),
      stream_clients_(endpoints.size()) {
  on_settings_replaced(connections_max, endpoints);
}

void Admission::on_settings_replaced(std::uint32_t connections_max,
                                     const protocol::EndpointTable& endpoints) {
  connections_max_.store(connections_max, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  milliseconds longest(0);
  for (const protocol::Endpoint& endpoint : endpoints) {
    longest = std::max(longest, endpoint.settings.limits.accepts_window);
  }
  windows_.set_longest_window(longest);
}

// --- asking -------------------------------------------------------------------------------------

Admission::Answer Admission::ask(const protocol::Endpoint& endpoint, const ClientKey& client_key) const {
  if (draining()) return Answer::draining;
  if (memory() != MemoryLevel::normal) return Answer::memory_short;
  if (connections() + 1 > connections_max_.load(std::memory_order_relaxed)) return Answer::connections_max;
  const auto of_endpoint = by_endpoint_[endpoint.primary()].load(std::memory_order_relaxed);
  if (!endpoint.settings.limits.connections.allows(of_endpoint + 1)) return Answer::endpoint_full;
  if (!counts_address(endpoint)) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  return has_place_for_address(endpoint, client_key) ? Answer::admitted : Answer::address_full;
}

Admission::Answer Admission::ask_rate(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                      MonoTime now) {
  if (!endpoint.settings.limits.accepts_per_ip.value) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  const bool fits = windows_.has_room(address_key(endpoint, client_key), rule_of(endpoint), now);
  return fits ? Answer::admitted : Answer::rate_exceeded;
}

Admission::Answer Admission::ask_user(const protocol::Endpoint& endpoint, const ClientKey& client_key) const {
  if (!counts_user(endpoint, client_key)) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  return has_place_for_user(endpoint, client_key) ? Answer::admitted : Answer::user_full;
}

void Admission::note_failed_authentication(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                           MonoTime now) {
  const auto& limits = endpoint.settings.limits;
  if (!limits.accepts_per_ip.value || !limits.failed_auth_weight.value) return;
  const std::lock_guard lock(mutex_);
  windows_.note_failure(address_key(endpoint, client_key), rule_of(endpoint), now);
}

std::uint32_t Admission::retry_after_s(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                       MonoTime now) {
  const std::lock_guard lock(mutex_);
  return windows_.retry_after_s(address_key(endpoint, client_key), rule_of(endpoint), now);
}

Admission::Inside Admission::inside() const {
  const std::lock_guard lock(mutex_);
  return {addresses_.size(), users_.size()};
}

// --- entering and leaving -----------------------------------------------------------------------

Admission::Answer Admission::enter(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                   MonoTime now) {
  if (draining()) return Answer::draining;
  // Take first and give back: two shards that ask at once must not both get the last place.
  if (connections_.fetch_add(1, std::memory_order_relaxed) + 1 >
      connections_max_.load(std::memory_order_relaxed)) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    return Answer::connections_max;
  }
  if (endpoint.is_stream()) stream_clients_[endpoint.index].fetch_add(1, std::memory_order_release);
  auto& of_endpoint = by_endpoint_[endpoint.primary()];
  if (!endpoint.settings.limits.connections.allows(of_endpoint.fetch_add(1, std::memory_order_relaxed) + 1)) {
    give_back(endpoint);
    return Answer::endpoint_full;
  }
  const bool has_rate = endpoint.settings.limits.accepts_per_ip.value.has_value();
  if (!has_rate && !counts_address(endpoint) && !counts_user(endpoint, client_key)) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  const Answer answer = enter_counted(endpoint, client_key, now);
  if (answer != Answer::admitted) give_back(endpoint);
  return answer;
}

// Takes everything or nothing.
Admission::Answer Admission::enter_counted(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                           MonoTime now) {
  if (!has_place_for_address(endpoint, client_key)) return Answer::address_full;
  if (!has_place_for_user(endpoint, client_key)) return Answer::user_full;
  if (endpoint.settings.limits.accepts_per_ip.value &&
      !windows_.try_accept(address_key(endpoint, client_key), rule_of(endpoint), now)) {
    return Answer::rate_exceeded;
  }
  if (counts_address(endpoint)) ++addresses_[address_key(endpoint, client_key)];
  if (counts_user(endpoint, client_key)) ++users_[user_key(endpoint, client_key)];
  return Answer::admitted;
}

Admission::Counted Admission::counted(const protocol::Endpoint& endpoint, const ClientKey& client_key) {
  return {counts_address(endpoint), counts_user(endpoint, client_key)};
}

void Admission::count_late(const protocol::Endpoint& endpoint, const ClientKey& client_key, Counted by) {
  const std::lock_guard lock(mutex_);
  if (by.by_address) ++addresses_[address_key(endpoint, client_key)];
  if (by.by_user) ++users_[user_key(endpoint, client_key)];
}

void Admission::leave(const protocol::Endpoint& endpoint, const ClientKey& client_key, Counted counted) {
  give_back(endpoint);
  if (!counted.by_address && !counted.by_user) return;
  const std::lock_guard lock(mutex_);
  if (counted.by_address) give_back_in(addresses_, address_key(endpoint, client_key));
  if (counted.by_user) give_back_in(users_, user_key(endpoint, client_key));
}

void Admission::give_back(const protocol::Endpoint& endpoint) {
  if (endpoint.is_stream()) stream_clients_[endpoint.index].fetch_sub(1, std::memory_order_release);
  by_endpoint_[endpoint.primary()].fetch_sub(1, std::memory_order_relaxed);
  connections_.fetch_sub(1, std::memory_order_relaxed);
}

// --- the tables ---------------------------------------------------------------------------------

AddressKey Admission::address_key(const protocol::Endpoint& endpoint, const ClientKey& client_key) {
  return {client_key.address.limit_group(), endpoint.primary()};
}

std::string Admission::user_key(const protocol::Endpoint& endpoint, const ClientKey& client_key) {
  return std::to_string(endpoint.primary()).append(" ").append(client_key.user);
}

bool Admission::has_place_for_address(const protocol::Endpoint& endpoint, const ClientKey& client_key) const {
  if (!counts_address(endpoint)) return true;
  const std::uint64_t inside = count_in(addresses_, address_key(endpoint, client_key));
  return endpoint.settings.limits.connections_per_ip.allows(inside + 1);
}

bool Admission::has_place_for_user(const protocol::Endpoint& endpoint, const ClientKey& client_key) const {
  if (!counts_user(endpoint, client_key)) return true;
  const std::uint64_t inside = count_in(users_, user_key(endpoint, client_key));
  return endpoint.settings.limits.connections_per_user.allows(inside + 1);
}

}  // namespace carillon::client
