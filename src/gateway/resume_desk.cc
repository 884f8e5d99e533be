#include "gateway/resume_desk.h"

#include <utility>

namespace carillon::gateway {

ResumeDesk::ResumeDesk(Router& router, EventHistory& history, reactor::Loop& loop)
    : router_(router), history_(history), loop_(loop) {}

ResumeDesk::~ResumeDesk() { loop_.cancel(timer_); }

void ResumeDesk::start() {
  if (history_.is_used()) timer_ = loop_.call_after(kTick, [this] { tick(); });
}

void ResumeDesk::tick() {
  answer_waiting();
  history_.expire(loop_.wall_now());
  start();
}

bool ResumeDesk::ask(std::vector<ResumeRequest> requests, BatchTaker& taker) {
  return loop_.post([this, requests = std::move(requests), &taker] { answer(requests, taker); });
}

// The batch that is open is sent first, so that the answers have every event that the shards get before them.
void ResumeDesk::answer(const std::vector<ResumeRequest>& requests, BatchTaker& taker) {
  router_.on_batch_end();
  std::vector<ResumeAnswer> answers;
  for (const ResumeRequest& request : requests) {
    if (history_.is_ahead(request, router_.last_event()) && waiting_.size() < kWaitingMax) {
      counters_.ahead.add();
      waiting_.push_back({request, &taker, loop_.now() + kAheadMax});
      continue;
    }
    answers.push_back(history_.answer(request, router_.last_event(), loop_.wall_now()));
    count(request, answers.back());
  }
  if (!answers.empty()) taker.take_answers(std::move(answers));
}

void ResumeDesk::answer_waiting() {
  if (waiting_.empty()) return;
  router_.on_batch_end();
  std::deque<Waiting> still;
  for (Waiting& each : waiting_) {
    if (history_.is_ahead(each.request, router_.last_event()) && loop_.now() < each.until) {
      still.push_back(std::move(each));
      continue;
    }
    std::vector<ResumeAnswer> answers;
    answers.push_back(history_.answer(each.request, router_.last_event(), loop_.wall_now()));
    count(each.request, answers.back());
    each.taker->take_answers(std::move(answers));
  }
  waiting_ = std::move(still);
}

void ResumeDesk::count(const ResumeRequest& request, const ResumeAnswer& answer) {
  if (request.page_bytes_max) {
    counters_.pages[answer.outcome].add();
    return;
  }
  for (const ResumeOutcome each : answer.channels) counters_.outcomes[each].add();
  if (answer.channels.empty()) counters_.outcomes[answer.outcome].add();
  counters_.events.add(answer.events.size());
}

bool ResumeDesk::read_page(ResumeRequest request, std::string endpoint,
                           std::function<void(const std::optional<ChannelPage>&)> done) {
  return loop_.post([this, request = std::move(request), endpoint = std::move(endpoint),
                     done = std::move(done)]() mutable {
    const protocol::Endpoint* const found = history_.retaining(request.channels.front(), endpoint);
    if (!found) return done(std::nullopt);
    request.endpoint = found->index;
    ChannelPage page{found->settings.name, history_.answer(request, router_.last_event(), loop_.wall_now())};
    count(request, page.answer);
    done(page);
  });
}

}  // namespace carillon::gateway
