#include "client/answer_queue.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace carillon::client {

void AnswerQueue::begin(const Request& request, BodyShare body) {
  CARILLON_ASSERT(slots_.empty() || slots_.back().request.number != request.number);
  bytes_ += request.body_bytes;
  closes_ |= request.keep_alive == http::KeepAlive::close;
  slots_.push_back({request, std::move(body), std::nullopt});
}

const AnswerQueue::Request* AnswerQueue::awaited(std::uint32_t number) const {
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [number](const Slot& each) { return each.request.number == number; });
  return slot == slots_.end() || slot->response ? nullptr : &slot->request;
}

void AnswerQueue::answer(std::uint32_t number, http::Response response) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                 [number](const Slot& each) { return each.request.number == number; });
  CARILLON_ASSERT(slot != slots_.end() && !slot->response);
  bytes_ = bytes_ - slot->request.body_bytes + response.body.size();
  closes_ |= response.keep_alive == http::KeepAlive::close;
  slot->response = std::move(response);
  slot->body.release();
}

const AnswerQueue::Ready* AnswerQueue::ready(ResponseWriter& writer, WallTime now) {
  if (slots_.empty() || !slots_.front().response) return nullptr;
  if (!ready_) {
    const Request& request = slots_.front().request;
    http::Response& response = *slots_.front().response;
    if (request.keep_alive == http::KeepAlive::close || (ended_ && slots_.size() == 1)) {
      response.keep_alive = http::KeepAlive::close;
    }
    const Last last = response.keep_alive == http::KeepAlive::close ? Last::yes : Last::no;
    ready_ = Ready{writer.bytes_of(response, request.body, now), last};
  }
  return &*ready_;
}

void AnswerQueue::pop() {
  CARILLON_ASSERT(ready_);
  bytes_ -= slots_.front().response->body.size();
  slots_.erase(slots_.begin());
  ready_.reset();
}

std::optional<AnswerQueue::Request> AnswerQueue::waiting() const {
  if (slots_.empty() || slots_.front().response) return std::nullopt;
  return slots_.front().request;
}

}  // namespace carillon::client
