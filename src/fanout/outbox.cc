#include "fanout/outbox.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::fanout {

void Outbox::put(std::string_view bytes, std::uint32_t now_ms) {
  const std::size_t before = size();
  bytes_.append(bytes);  // first: if it throws because memory is short, nothing has changed
  if (before == 0) {
    oldest_ms_ = now_ms;
    of_oldest_ = bytes.size();
  } else if (of_oldest_ == before) {
    newer_ms_ = now_ms;
  }
}

void Outbox::release_last(std::uint32_t now_ms) {
  put(last_, now_ms);
  last_.clear();
}

void Outbox::put_rest(Ref<const Frame> frame, std::string_view rest, std::uint32_t since_ms,
                      std::uint32_t log) {
  CARILLON_ASSERT(size() == 0);
  cut_ = {log, frame->number()};
  oldest_ms_ = since_ms;
  of_oldest_ = rest.size();
  if (rest.size() <= kCopyRestUpTo || frame->plain().size() < FrameArena::kOwnBlockFrom) {
    bytes_.assign(rest);
    sent_ = 0;
    return;
  }
  frame_ = std::move(frame);
  rest_ = rest;
}

Replay& Outbox::replay(std::uint32_t now_ms) {
  if (!replay_) replay_ = std::make_unique<Replay>(now_ms);
  return *replay_;
}

void Outbox::cancel_replay_of(std::uint32_t log) {
  if (!replay_) return;
  replay_->cancel(log);
  if (replay_->is_done()) replay_.reset();
}

std::uint32_t Outbox::refill(std::uint32_t now_ms, std::uint64_t until) {
  if (!replay_ || size() > 0 || !replay_->is_before_gap(until)) return 0;
  bytes_.clear();
  sent_ = 0;
  const std::uint32_t events = replay_->append_next(bytes_, until);
  if (replay_->is_done()) replay_.reset();
  oldest_ms_ = now_ms;
  of_oldest_ = bytes_.size();
  return events;
}

int Outbox::gather(iovec* out) const {
  int pieces = 0;
  if (!rest_.empty()) out[pieces++] = {const_cast<char*>(rest_.data()), rest_.size()};
  if (bytes_.size() > sent_) {
    out[pieces++] = {const_cast<char*>(bytes_.data()) + sent_, bytes_.size() - sent_};
  }
  return pieces;
}

void Outbox::consume(std::size_t count) {
  CARILLON_ASSERT(count <= size());
  const std::size_t of_rest = std::min(count, rest_.size());
  rest_.remove_prefix(of_rest);
  if (rest_.empty()) frame_ = {};
  sent_ += count - of_rest;
  of_oldest_ -= std::min(count, of_oldest_);
  if (of_oldest_ == 0) {
    oldest_ms_ = newer_ms_;
    of_oldest_ = size();
  }
  // With a slow peer the sent part of a busy outbox must not accumulate.
  if (sent_ > 4096 && sent_ * 2 > bytes_.size()) {
    bytes_.erase(0, sent_);
    sent_ = 0;
  }
}

}  // namespace carillon::fanout
