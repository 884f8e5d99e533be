#include "client/connection.h"

#include "base/assert.h"

namespace carillon::client {
namespace {

constexpr std::uint32_t kGenerationMask = 0x00ff'ffff;

}  // namespace

std::optional<std::uint32_t> ConnectionTable::try_take() {
  if (free_.empty()) {
    if (connections_.size() >= max_) return std::nullopt;
    connections_.emplace_back();
    return static_cast<std::uint32_t>(connections_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void ConnectionTable::give_back(std::uint32_t index) {
  Connection& connection = connections_[index];
  CARILLON_ASSERT(connection.state != State::unused);
  const std::uint32_t next = connection.generation + 1;
  connection = Connection{};
  connection.generation = next & kGenerationMask;
  given_back_.push_back(index);
}

void ConnectionTable::reuse_given_back() {
  free_.insert(free_.end(), given_back_.begin(), given_back_.end());
  given_back_.clear();
}

Connection& ConnectionTable::used(std::uint32_t index) {
  CARILLON_ASSERT(index < connections_.size() && connections_[index].state != State::unused);
  return connections_[index];
}

Connection* ConnectionTable::find(std::uint32_t index, std::uint32_t generation) {
  if (index >= connections_.size()) return nullptr;
  Connection& connection = connections_[index];
  const bool same = connection.generation == (generation & kGenerationMask);
  return same && connection.state != State::unused ? &connection : nullptr;
}

}  // namespace carillon::client
