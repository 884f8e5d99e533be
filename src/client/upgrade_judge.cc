#include "client/upgrade_judge.h"

#include <utility>

namespace carillon::client {

Result<std::monostate> UpgradeJudge::make_authenticators() {
  std::vector<std::unique_ptr<auth::Authenticator>> authenticators;
  for (const protocol::Endpoint& endpoint : shared_.endpoints) {
    if (!endpoint.is_primary()) break;  // those of the primary ones are used for the others
    auto made = make_authenticator(endpoint, *shared_.settings, &shared_.key_store);
    if (!made) return tl::unexpected(made.error());
    authenticators.push_back(std::move(*made));
  }
  authenticators_ = std::move(authenticators);
  return std::monostate{};
}

UpgradeJudge::Judged UpgradeJudge::judge(const protocol::Endpoint& endpoint, HttpExchange& exchange,
                                         ClientId client, const Requester& requester) {
  auth::Authenticator* const authenticator = authenticators_[endpoint.primary()].get();
  const auto before = authenticator ? authenticator->counters() : auth::AuthenticatorCounters{};
  const auto attempt = exchange.key_wait.is_waiting() ? Attempt::again : Attempt::first;
  auto judged = judge_upgrade(endpoint, exchange.head, authenticator, shared_.admission, requester, attempt);
  if (authenticator) {
    counters_.token_cache_hits.add(authenticator->counters().cache_hits - before.cache_hits);
    counters_.token_cache_misses.add(authenticator->counters().cache_misses - before.cache_misses);
  }
  if (auto* upgrade = std::get_if<Upgrade>(&judged)) {
    exchange.key_wait = {};
    return std::move(*upgrade);
  }
  auto& refused = std::get<Refused>(judged);
  if (refused.keys_wait) return wait(endpoint, exchange, client, requester, std::move(refused));
  exchange.key_wait = {};
  return std::move(refused);
}

// The time of a request that is judged again does not begin anew.
UpgradeJudge::Judged UpgradeJudge::wait(const protocol::Endpoint& endpoint, HttpExchange& exchange,
                                        ClientId client, const Requester& requester, Refused refused) {
  if (exchange.key_wait.is_waiting()) {
    if (requester.now < exchange.key_wait.until()) {
      waits_.stay(client);
      return Waits{};
    }
    exchange.key_wait = {};
    return refused;
  }
  auto place = waits_.enter(client, requester.now + *refused.keys_wait);
  if (!place) return too_many_key_waits(endpoint, refused.detail);
  exchange.key_wait = std::move(*place);
  return Waits{};
}

}  // namespace carillon::client
