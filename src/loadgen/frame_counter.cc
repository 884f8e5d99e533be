#include "loadgen/frame_counter.h"

#include <algorithm>

namespace carillon::loadgen {
namespace {

std::size_t header_bytes(unsigned char second) {
  const unsigned length = second & 0x7F;
  return length < 126 ? 2 : length == 126 ? 4 : 10;
}

}  // namespace

std::uint32_t FrameCounter::feed(std::string_view bytes, FrameListener& frames, std::size_t short_bytes_max) {
  return walk(bytes, frames, short_bytes_max, [](std::string_view) {});
}

std::uint32_t FrameCounter::feed(std::string_view bytes, FrameListener& frames, std::size_t short_bytes_max,
                                 PayloadListener& payloads) {
  return walk(bytes, frames, short_bytes_max, [&](std::string_view piece) { payloads.on_payload(piece); });
}

template <class OnPayload>
std::uint32_t FrameCounter::walk(std::string_view bytes, FrameListener& frames, std::size_t short_bytes_max,
                                 OnPayload on_payload) {
  std::uint32_t events = 0;
  while (!bytes.empty()) {
    if (!in_payload_) {
      bytes.remove_prefix(read_header(bytes, short_bytes_max));
      if (!in_payload_) return events;
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
    const std::string_view piece = bytes.substr(0, taken);
    if (collects_) collect(piece);
    if (!is_control() && taken > 0) on_payload(piece);
    payload_left_ -= taken;
    bytes.remove_prefix(taken);
    if (payload_left_ > 0) return events;
    events += end_frame(frames);
  }
  return events;
}

// How many bytes it took. in_payload_ when the header is whole.
std::size_t FrameCounter::read_header(std::string_view bytes, std::size_t short_bytes_max) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    header_[header_size_++] = static_cast<unsigned char>(bytes[taken++]);
    if (header_size_ < 2 || header_size_ < header_bytes(header_[1])) continue;
    payload_left_ = header_[1] & 0x7F;
    if (header_size_ > 2) {
      payload_left_ = 0;
      for (std::size_t i = 2; i < header_size_; ++i) payload_left_ = payload_left_ << 8 | header_[i];
    }
    in_payload_ = true;
    collects_ = payload_left_ > 0 && (is_control() || payload_left_ <= short_bytes_max);
    break;
  }
  return taken;
}

void FrameCounter::collect(std::string_view piece) {
  if (!collected_) collected_ = std::make_unique<std::string>();
  collected_->append(piece.substr(0, kCollectedBytesMax - std::min(kCollectedBytesMax, collected_->size())));
}

std::uint32_t FrameCounter::end_frame(FrameListener& frames) {
  in_payload_ = false;
  header_size_ = 0;
  const auto payload = std::move(collected_);
  const std::string_view collected = payload ? std::string_view(*payload) : std::string_view();
  if (is_control()) {
    frames.on_control(static_cast<websocket::Opcode>(header_[0] & 0x0F), collected);
    return 0;
  }
  if (!is_final()) return 0;  // the message ends with a later frame
  return collects_ && frames.on_short(collected) == Counts::as_nothing ? 0 : 1;
}

}  // namespace carillon::loadgen
