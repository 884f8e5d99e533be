#include "client/admission.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::client {
namespace {

constexpr auto kSweepEvery = seconds(1);

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

}  // namespace

Admission::Admission(std::uint32_t connections_max, const protocol::EndpointTable& endpoints,
                     std::uint64_t bodies_bytes_max, SipKey guesses_key)
    : key_guesses_(guesses_key),
      connections_max_(connections_max),
      bodies_(bodies_bytes_max),
      by_endpoint_(endpoints.size()) {
  on_settings_replaced(connections_max, endpoints);
}

void Admission::on_settings_replaced(std::uint32_t connections_max,
                                     const protocol::EndpointTable& endpoints) {
  connections_max_.store(connections_max, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  longest_window_ = milliseconds(0);
  for (const protocol::Endpoint& endpoint : endpoints) {
    longest_window_ = std::max(longest_window_, endpoint.settings.limits.accepts_window);
  }
}

// --- asking -------------------------------------------------------------------------------------

Admission::Answer Admission::ask(const protocol::Endpoint& endpoint, const ClientKey& client_key) const {
  if (draining()) return Answer::draining;
  if (memory() != MemoryLevel::normal) return Answer::memory_short;
  if (connections() + 1 > connections_max_.load(std::memory_order_relaxed)) return Answer::connections_max;
  const auto of_endpoint = by_endpoint_[endpoint.index].load(std::memory_order_relaxed);
  if (!endpoint.settings.limits.connections.allows(of_endpoint + 1)) return Answer::endpoint_full;
  if (!counts_address(endpoint)) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  return has_place_for_address(endpoint, client_key) ? Answer::admitted : Answer::address_full;
}

Admission::Answer Admission::ask_rate(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                      MonoTime now) {
  const auto& limit = endpoint.settings.limits.accepts_per_ip;
  if (!limit.value) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  // A check alone stores nothing: the table holds only admitted clients.
  const Window* window = find_window(endpoint, client_key, now);
  const bool fits = window ? limit.allows(window->accepts.size() + 1) : has_room_for_address(now);
  return fits ? Answer::admitted : Answer::rate_exceeded;
}

Admission::Answer Admission::ask_user(const protocol::Endpoint& endpoint, const ClientKey& client_key) const {
  if (!counts_user(endpoint, client_key)) return Answer::admitted;
  const std::lock_guard lock(mutex_);
  return has_place_for_user(endpoint, client_key) ? Answer::admitted : Answer::user_full;
}

std::uint32_t Admission::retry_after_s(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                       MonoTime now) {
  const std::lock_guard lock(mutex_);
  const Window* window = find_window(endpoint, client_key, now);
  if (!window || window->accepts.empty()) return 1;
  const auto left = window->accepts.front() + endpoint.settings.limits.accepts_window - now;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, std::chrono::ceil<seconds>(left).count()));
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
  auto& of_endpoint = by_endpoint_[endpoint.index];
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
  if (endpoint.settings.limits.accepts_per_ip.value && !take_accept(endpoint, client_key, now)) {
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
  by_endpoint_[endpoint.index].fetch_sub(1, std::memory_order_relaxed);
  connections_.fetch_sub(1, std::memory_order_relaxed);
}

// --- the tables ---------------------------------------------------------------------------------

std::size_t Admission::AddressHash::operator()(const AddressKey& key) const noexcept {
  const auto& bytes = key.group.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::hash<std::string_view>{}(text) + key.endpoint * 0x9e3779b97f4a7c15ULL;
}

Admission::AddressKey Admission::address_key(const protocol::Endpoint& endpoint,
                                             const ClientKey& client_key) {
  return {client_key.address.limit_group(), endpoint.index};
}

std::string Admission::user_key(const protocol::Endpoint& endpoint, const ClientKey& client_key) {
  return std::to_string(endpoint.index).append(" ").append(client_key.user);
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

// Returns the accepts of the address within the window, or null when there is none.
Admission::Window* Admission::find_window(const protocol::Endpoint& endpoint, const ClientKey& client_key,
                                          MonoTime now) {
  const auto found = windows_.find(address_key(endpoint, client_key));
  if (found == windows_.end()) return nullptr;
  const MonoTime begin = now - endpoint.settings.limits.accepts_window;
  auto& accepts = found->second.accepts;
  accepts.erase(accepts.begin(), std::upper_bound(accepts.begin(), accepts.end(), begin));
  return &found->second;
}

bool Admission::take_accept(const protocol::Endpoint& endpoint, const ClientKey& client_key, MonoTime now) {
  Window* window = find_window(endpoint, client_key, now);
  if (!window) {
    if (!has_room_for_address(now)) return false;
    window = &windows_[address_key(endpoint, client_key)];
  }
  if (!endpoint.settings.limits.accepts_per_ip.allows(window->accepts.size() + 1)) return false;
  // Keeps the times in order, although the clocks of two shards may differ by a turn.
  window->accepts.push_back(window->accepts.empty() ? now : std::max(now, window->accepts.back()));
  return true;
}

// Sweeps a full table at most once per second: a sweep for each new address would make an attack cheap.
bool Admission::has_room_for_address(MonoTime now) {
  if (windows_.size() < kAddressesMax) return true;
  if (swept_at_ == MonoTime::min() || now - swept_at_ >= kSweepEvery) {
    swept_at_ = now;
    std::erase_if(windows_, [&](const auto& entry) {
      const auto& accepts = entry.second.accepts;
      return accepts.empty() || accepts.back() <= now - longest_window_;
    });
  }
  if (windows_.size() < kAddressesMax) return true;
  table_full_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace carillon::client
