#include "gateway/resumes.h"

#include <algorithm>
#include <utility>

namespace carillon::gateway {

std::string Resumes::position_of(std::uint64_t number) const {
  std::string text;
  if (service_) append_text({service_->epoch(), number}, text);
  return text;
}

void Resumes::begin(WaitingSubscription subscription, ResumeRequest request) {
  request.client = subscription.client.index;
  request.ticket = next_ticket_++;
  request.endpoint = subscription.endpoint;
  // What is longer is no position, and need not wait as a whole to be refused.
  if (request.position.size() > kPositionBytesMax) request.position = "too long";
  const bool fits = count_ < kWaitingMax && bytes_ + subscription.memory() <= kBytesMax;
  ++count_;
  bytes_ += subscription.memory();
  waiting_[request.client].push_back({request.ticket, std::move(subscription)});
  if (!service_) return refuse(request, ResumeOutcome::no_history);
  if (!fits) return refuse(request, ResumeOutcome::overloaded);
  requests_.push_back(std::move(request));
}

void Resumes::refuse(const ResumeRequest& request, ResumeOutcome why) {
  refused_.push_back({request.client, request.ticket, why, 0, {}});
}

void Resumes::send_requests(std::vector<ResumeAnswer>& answered) {
  if (!requests_.empty()) {
    std::vector<ResumeRequest> requests = std::exchange(requests_, {});
    std::vector<ResumeAnswer> if_refused;
    for (const ResumeRequest& each : requests) {
      if_refused.push_back({each.client, each.ticket, ResumeOutcome::overloaded, 0, {}});
    }
    if (!service_->ask(std::move(requests), *taker_)) {
      refused_.insert(refused_.end(), if_refused.begin(), if_refused.end());
    }
  }
  answered = std::exchange(refused_, {});
}

std::optional<WaitingSubscription> Resumes::take(const ResumeAnswer& answer) {
  const auto found = waiting_.find(answer.client);
  if (found == waiting_.end()) return std::nullopt;
  auto& tickets = found->second;
  const auto at = std::find_if(tickets.begin(), tickets.end(),
                               [&](const Ticket& each) { return each.number == answer.ticket; });
  if (at == tickets.end()) return std::nullopt;
  WaitingSubscription subscription = at->subscription;
  drop(tickets, static_cast<std::size_t>(at - tickets.begin()));
  if (tickets.empty()) waiting_.erase(found);
  return subscription;
}

void Resumes::cancel(std::uint32_t client, std::string_view channel) {
  const auto found = waiting_.find(client);
  if (found == waiting_.end()) return;
  auto& tickets = found->second;
  for (std::size_t i = tickets.size(); i-- > 0;) {
    if (tickets[i].subscription.channel == channel && !tickets[i].subscription.is_history) drop(tickets, i);
  }
  if (tickets.empty()) waiting_.erase(found);
}

void Resumes::forget(std::uint32_t client) {
  const auto found = waiting_.find(client);
  if (found == waiting_.end()) return;
  while (!found->second.empty()) drop(found->second, found->second.size() - 1);
  waiting_.erase(found);
}

void Resumes::drop(std::vector<Ticket>& tickets, std::size_t at) {
  --count_;
  bytes_ -= tickets[at].subscription.memory();
  tickets.erase(tickets.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace carillon::gateway
