#include "load/frame_counter.h"

#include <algorithm>

namespace carillon::bench {

namespace {

std::size_t header_bytes(unsigned char second) {
  const unsigned length = second & 0x7F;
  return length < 126 ? 2 : length == 126 ? 4 : 10;
}

}  // namespace

std::uint32_t FrameCounter::feed(std::string_view bytes, ControlFrames& control) {
  std::uint32_t events = 0;
  while (!bytes.empty()) {
    if (!in_payload_) {
      bytes.remove_prefix(read_header(bytes));
      if (!in_payload_) return events;
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
    if (is_control() && taken > 0) {
      if (!control_payload_) control_payload_ = std::make_unique<std::string>();
      control_payload_->append(bytes.substr(0, taken));
    }
    payload_left_ -= taken;
    bytes.remove_prefix(taken);
    if (payload_left_ > 0) return events;
    if (!is_control()) ++events;
    end_frame(control);
  }
  return events;
}

// How many bytes it took. in_payload_ when the header is whole.
std::size_t FrameCounter::read_header(std::string_view bytes) {
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
    break;
  }
  return taken;
}

void FrameCounter::end_frame(ControlFrames& control) {
  in_payload_ = false;
  header_size_ = 0;
  if (!is_control()) return;
  const auto payload = std::move(control_payload_);
  control.on_control(static_cast<websocket::Opcode>(header_[0] & 0x0F),
                     payload ? std::string_view(*payload) : std::string_view());
}

}  // namespace carillon::bench
