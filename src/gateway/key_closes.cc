#include "gateway/key_closes.h"

#include <map>
#include <utility>

namespace carillon::gateway {

void KeyCloses::begin(MonoTime now, milliseconds longest, std::uint32_t rate, const Trusts& trusts) {
  to_close_.clear();
  next_ = 0;
  // Few keys have verified the tokens of many clients.
  std::map<std::pair<std::uint16_t, auth::KeyMark>, bool> known;
  for (std::uint32_t i = 0; i < clients_.table().slots(); ++i) {
    const client::Connection& connection = clients_[i];
    if (connection.state != client::State::open || !connection.identity) continue;
    const auto key = std::pair(connection.endpoint, connection.identity->key());
    auto found = known.find(key);
    if (found == known.end()) found = known.emplace(key, trusts(clients_.endpoint_of(i), key.second)).first;
    if (!found->second) to_close_.push_back({i, connection.generation});
  }
  pace_.reset();
  if (!to_close_.empty()) pace_.emplace(now, drain_window(longest, to_close_.size(), rate), to_close_.size());
}

void KeyCloses::take_step(MonoTime now) {
  if (!pace_) return;
  for (auto due = pace_->due(now); due > 0; --due) {
    const client::ClientId id = to_close_[next_++];
    pace_->on_closed();
    const client::Connection* const connection = clients_.table().find(id.index, id.generation);
    if (!connection || connection->state != client::State::open) continue;
    const protocol::Endpoint& endpoint = clients_.endpoint_of(id.index);
    clients_.close(id.index, client::CloseReason::key_removed,
                   client::last_bytes(endpoint, endpoint.settings.auth.removed),
                   client::CloseMode::after_events);
  }
  if (!pace_->done()) return;
  pace_.reset();
  to_close_ = {};
}

}  // namespace carillon::gateway
