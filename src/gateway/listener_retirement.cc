#include "gateway/listener_retirement.h"

#include <algorithm>
#include <set>

#include "reactor/reuseport_group.h"

namespace carillon::gateway {
namespace {

using client::Listener;

constexpr seconds kLookEvery{1};

}  // namespace

void ListenerRetirement::begin() {
  std::set<std::size_t> numbers;
  for (const Listener& each : listeners_.all()) {
    if (!each.options.is_left_over && !each.options.is_shared) numbers.insert(each.options.number);
  }
  for (const std::size_t number : numbers) begin_with(number);
  if (!addresses_.empty()) timer_ = loop_.call_after(kLookEvery, [this] { look(); });
}

void ListenerRetirement::begin_with(std::size_t number) {
  const auto kept = find(number, Which::kept);
  const auto extra = find(number, Which::extra);
  if (kept.empty()) return;
  const int fd = kept.front()->socket.get();
  if (extra.empty()) return reactor::stop_steering(fd);
  const std::string address = reactor::local_address(fd).value_or(reactor::SocketAddress()).text();
  if (auto steered = reactor::steer_to_first(fd, static_cast<std::uint32_t>(kept_)); !steered) {
    log_.warning("more listening sockets than shards stay open, because the kernel cannot empty them",
                 {{"address", std::string_view(address)},
                  {"extra", static_cast<std::int64_t>(extra.size())},
                  {"reason", std::string_view(steered.error().message)}});
    return;
  }
  addresses_.push_back({number, address, RetirementDecision(loop_.now())});
}

void ListenerRetirement::hold() { held_until_ = loop_.now() + kHold; }

void ListenerRetirement::look() {
  if (loop_.now() >= held_until_) {
    std::erase_if(addresses_, [this](Address& address) { return retire(address); });
  }
  timer_ = addresses_.empty() ? 0 : loop_.call_after(kLookEvery, [this] { look(); });
}

// Returns true when the address is done. Where no socket of it is left, the process listens no more, and what
// is set for the group is the next one's.
bool ListenerRetirement::retire(Address& address) {
  const auto kept = find(address.number, Which::kept);
  if (kept.empty()) return true;
  for (;;) {
    const auto extra = find(address.number, Which::extra);
    if (extra.empty()) {
      reactor::stop_steering(kept.front()->socket.get());
      log_.info("the listening sockets of shards that are no more were closed",
                {{"address", std::string_view(address.text)}});
      return true;
    }
    std::vector<RetirementDecision::Extra> seen;
    seen.reserve(extra.size());
    for (const Listener* each : extra) {
      seen.push_back({each->accepted, reactor::waiting_connections(each->socket.get()) != 0U});
    }
    switch (address.decision.judge(seen, loop_.now())) {
      case RetirementDecision::Verdict::wait:
        return false;
      case RetirementDecision::Verdict::close_last:
        listeners_.close(extra.back()->socket.get());
        continue;
      case RetirementDecision::Verdict::give_up:
        reactor::stop_steering(kept.front()->socket.get());
        log_.warning("more listening sockets than shards stay open, because they still get connections",
                     {{"address", std::string_view(address.text)},
                      {"extra", static_cast<std::int64_t>(extra.size())}});
        return true;
    }
  }
}

std::vector<const Listener*> ListenerRetirement::find(std::size_t number, Which which) const {
  std::vector<const Listener*> found;
  for (const Listener& each : listeners_.all()) {
    const client::ListenerOptions& options = each.options;
    if (options.number != number || options.is_left_over || options.is_shared) continue;
    if ((options.position >= kept_) == (which == Which::extra)) found.push_back(&each);
  }
  std::sort(found.begin(), found.end(), [](const Listener* one, const Listener* other) {
    return one->options.position < other->options.position;
  });
  return found;
}

}  // namespace carillon::gateway
