#include "gateway/admission.h"

#include <algorithm>

namespace carillon::gateway {
namespace {

constexpr auto kSweepEvery = seconds(1);

}  // namespace

Admission::Admission(std::uint32_t connections_max, const std::vector<Endpoint>& endpoints)
    : connections_max_(connections_max), by_endpoint_(endpoints.size()) {
  for (const Endpoint& endpoint : endpoints) {
    longest_window_ = std::max(longest_window_, endpoint.settings.limits.accepts_window);
  }
}

Admission::Answer Admission::ask(const Endpoint& endpoint) const {
  if (draining()) return Answer::draining;
  if (connections() + 1 > connections_max_) return Answer::connections_max;
  const auto of_endpoint = by_endpoint_[endpoint.index].load(std::memory_order_relaxed);
  if (!endpoint.settings.limits.connections.allows(of_endpoint + 1)) return Answer::endpoint_full;
  return Answer::admitted;
}

Admission::Rate Admission::ask_rate(const Endpoint& endpoint, const std::string& address, MonoTime now) {
  const auto& limit = endpoint.settings.limits.accepts_per_ip;
  if (!limit.value) return Rate::ok;
  const std::lock_guard lock(mutex_);
  // Whoever is only judged leaves no trace: the table is for those who got in.
  const Window* window = find_window(endpoint, address, now);
  if (!window) return has_room_for_address(now) ? Rate::ok : Rate::exceeded;
  return limit.allows(window->accepts.size() + 1) ? Rate::ok : Rate::exceeded;
}

Admission::Answer Admission::enter(const Endpoint& endpoint, const std::string& address, MonoTime now) {
  if (draining()) return Answer::draining;
  // Take first and give back: two shards that ask at once must not both get the last place.
  if (connections_.fetch_add(1, std::memory_order_relaxed) + 1 > connections_max_) {
    connections_.fetch_sub(1, std::memory_order_relaxed);
    return Answer::connections_max;
  }
  auto& of_endpoint = by_endpoint_[endpoint.index];
  if (!endpoint.settings.limits.connections.allows(of_endpoint.fetch_add(1, std::memory_order_relaxed) + 1)) {
    leave(endpoint);
    return Answer::endpoint_full;
  }
  if (endpoint.settings.limits.accepts_per_ip.value) {
    const std::lock_guard lock(mutex_);
    if (!take_accept(endpoint, address, now)) {
      leave(endpoint);
      return Answer::rate_exceeded;
    }
  }
  return Answer::admitted;
}

void Admission::leave(const Endpoint& endpoint) {
  by_endpoint_[endpoint.index].fetch_sub(1, std::memory_order_relaxed);
  connections_.fetch_sub(1, std::memory_order_relaxed);
}

std::uint32_t Admission::retry_after_s(const Endpoint& endpoint, const std::string& address, MonoTime now) {
  const std::lock_guard lock(mutex_);
  const Window* window = find_window(endpoint, address, now);
  if (!window || window->accepts.empty()) return 1;
  const auto left = window->accepts.front() + endpoint.settings.limits.accepts_window - now;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, std::chrono::ceil<seconds>(left).count()));
}

std::string Admission::key_of(const Endpoint& endpoint, const std::string& address) {
  return std::to_string(endpoint.index) + ' ' + address;
}

// With what has left the window taken out; null for an address that has no accept in it.
Admission::Window* Admission::find_window(const Endpoint& endpoint, const std::string& address,
                                          MonoTime now) {
  const auto found = windows_.find(key_of(endpoint, address));
  if (found == windows_.end()) return nullptr;
  const MonoTime begin = now - endpoint.settings.limits.accepts_window;
  std::erase_if(found->second.accepts, [&](MonoTime time) { return time <= begin; });
  return &found->second;
}

bool Admission::take_accept(const Endpoint& endpoint, const std::string& address, MonoTime now) {
  Window* window = find_window(endpoint, address, now);
  if (!window) {
    if (!has_room_for_address(now)) return false;
    window = &windows_[key_of(endpoint, address)];
  }
  if (!endpoint.settings.limits.accepts_per_ip.allows(window->accepts.size() + 1)) return false;
  window->accepts.push_back(now);
  return true;
}

// A full table is swept once a second at most: looking through it for each newcomer would be the attack.
bool Admission::has_room_for_address(MonoTime now) {
  if (windows_.size() < kAddressesMax) return true;
  if (swept_at_ != MonoTime::min() && now - swept_at_ < kSweepEvery) return false;
  swept_at_ = now;
  std::erase_if(windows_, [&](const auto& entry) {
    const auto& accepts = entry.second.accepts;
    return accepts.empty() || accepts.back() <= now - longest_window_;
  });
  return windows_.size() < kAddressesMax;
}

}  // namespace carillon::gateway
