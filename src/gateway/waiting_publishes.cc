#include "gateway/waiting_publishes.h"

#include <utility>

namespace carillon::gateway {

std::optional<std::uint64_t> WaitingPublishes::add(Publish publish, std::uint32_t most) {
  const std::size_t memory = memory_of(publish);
  if (bytes_ + memory > kBytesMax) return std::nullopt;
  const std::uint64_t client = key_of(publish.client);
  const auto count = count_.find(client);
  if (count != count_.end() && count->second >= most) return std::nullopt;
  const std::uint64_t ticket = next_ticket_++;
  waiting_.emplace(ticket, std::move(publish));
  ++count_[client];
  bytes_ += memory;
  return ticket;
}

std::optional<WaitingPublishes::Publish> WaitingPublishes::take(std::uint64_t ticket) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return std::nullopt;
  Publish publish = std::move(found->second);
  waiting_.erase(found);
  bytes_ -= memory_of(publish);
  const auto count = count_.find(key_of(publish.client));
  if (--count->second == 0) count_.erase(count);
  return publish;
}

}  // namespace carillon::gateway
