#include "client/accept_windows.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace carillon::client {
namespace {

constexpr auto kSweepEvery = seconds(1);
// The failures of a window are kept in at most this many parts, however many there are.
constexpr int kPartsOfAWindow = 64;

}  // namespace

std::size_t AddressHash::operator()(const AddressKey& key) const noexcept {
  const auto& bytes = key.group.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::hash<std::string_view>{}(text) + key.endpoint * 0x9e3779b97f4a7c15ULL;
}

// Returns what the address has done within the window, or null when nothing is remembered of it.
AcceptWindows::Window* AcceptWindows::find(const AddressKey& key, const Rule& rule, MonoTime now) {
  const auto found = windows_.find(key);
  if (found == windows_.end()) return nullptr;
  const MonoTime begin = now - rule.window;
  auto& accepts = found->second.accepts;
  accepts.erase(accepts.begin(), std::upper_bound(accepts.begin(), accepts.end(), begin));
  std::erase_if(found->second.failures, [begin](const Failures& part) { return part.last <= begin; });
  return &found->second;
}

std::uint64_t AcceptWindows::used(const Window& window, const Rule& rule) {
  std::uint64_t failures = 0;
  for (const Failures& part : window.failures) failures += part.count;
  return window.accepts.size() + failures * rule.failure_weight;
}

bool AcceptWindows::has_room(const AddressKey& key, const Rule& rule, MonoTime now) {
  const Window* const window = find(key, rule, now);
  if (window) return rule.accepts.allows(used(*window, rule) + 1);
  if (has_place(kAddressesMax, now)) return true;
  table_full_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

bool AcceptWindows::try_accept(const AddressKey& key, const Rule& rule, MonoTime now) {
  if (!has_room(key, rule, now)) return false;
  auto& accepts = windows_[key].accepts;
  // Keeps the times in order, although the clocks of two shards may differ by a turn.
  accepts.push_back(accepts.empty() ? now : std::max(now, accepts.back()));
  return true;
}

void AcceptWindows::note_failure(const AddressKey& key, const Rule& rule, MonoTime now) {
  Window* window = find(key, rule, now);
  if (!window) {
    if (!has_place(kAddressesMax / 2, now)) return;
    window = &windows_[key];
  }
  auto& failures = window->failures;
  if (!failures.empty() && now - failures.back().first < rule.window / kPartsOfAWindow) {
    failures.back().last = std::max(now, failures.back().last);
    ++failures.back().count;
  } else {
    failures.push_back({now, now, 1});
  }
}

// Walks forward in time until enough has left the window.
std::uint32_t AcceptWindows::retry_after_s(const AddressKey& key, const Rule& rule, MonoTime now) {
  const Window* const window = find(key, rule, now);
  if (!window) return 1;
  std::uint64_t left = used(*window, rule);
  MonoTime leaves = now;
  auto accept = window->accepts.begin();
  auto failed = window->failures.begin();
  while (!rule.accepts.allows(left + 1)) {
    const bool has_accept = accept != window->accepts.end();
    if (has_accept && (failed == window->failures.end() || *accept <= failed->last)) {
      leaves = *accept++ + rule.window;
      --left;
    } else if (failed != window->failures.end()) {
      leaves = failed->last + rule.window;
      left -= failed++->count * rule.failure_weight;
    } else {
      break;
    }
  }
  const auto wait = std::chrono::ceil<seconds>(leaves - now).count();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, wait));
}

// Sweeps a full table at most once per second: a sweep for each new address would make an attack cheap.
bool AcceptWindows::has_place(std::size_t addresses_max, MonoTime now) {
  if (windows_.size() < addresses_max) return true;
  if (swept_at_ == MonoTime::min() || now - swept_at_ >= kSweepEvery) {
    swept_at_ = now;
    std::erase_if(windows_, [begin = now - longest_window_](const auto& entry) {
      const auto& [accepts, failures] = entry.second;
      return (accepts.empty() || accepts.back() <= begin) &&
             (failures.empty() || failures.back().last <= begin);
    });
  }
  return windows_.size() < addresses_max;
}

}  // namespace carillon::client
