#include "wire.h"

#include "websocket/frame_writer.h"

namespace carillon::simulation {

void Wire::connect(int listener, const std::string& address) {
  fd_ = sockets_.connect(listener, address);
  last_sent_ = clock_.now;
}

void Wire::send(std::string_view bytes) {
  if (vanished_) return;
  last_sent_ = clock_.now;
  sockets_.send(fd_, bytes);
}

void Wire::send_frame(int opcode, std::string_view payload) {
  std::string frame;
  websocket::append_masked_frame(frame, static_cast<websocket::Opcode>(opcode), payload,
                                 websocket::MaskKey{0x11, 0x22, 0x33, 0x44}, websocket::Fin::yes);
  send(frame);
}

void Wire::vanish() {
  vanished_ = true;
  sockets_.vanish(fd_);
}

void Wire::receive(std::size_t bytes_max) {
  if (!vanished_) received_ += sockets_.receive(fd_, bytes_max);
}

std::optional<std::string> Wire::take_head() {
  const std::size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  std::string head = received_.substr(0, end + 4);
  received_.erase(0, head.size());
  taken_ += head.size();
  return head;
}

std::optional<Wire::Frame> Wire::take_frame() {
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(received_[i]));
  };
  if (received_.size() < 2) return std::nullopt;
  std::uint64_t size = at(1);  // a server does not mask
  const std::size_t header = size == 126 ? 4 : size == 127 ? 10 : 2;
  if (received_.size() < header) return std::nullopt;
  if (header > 2) {
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size * 256 + at(i);
  }
  if (received_.size() - header < size) return std::nullopt;
  Frame frame{static_cast<int>(at(0)), received_.substr(header, size)};
  received_.erase(0, header + size);
  taken_ += header + size;
  return frame;
}

std::optional<std::uint64_t> Wire::fed_when_written() const {
  auto& stamps = socket().stamps;
  while (!stamps.empty() && stamps.front().until < taken_) stamps.pop_front();
  if (stamps.empty()) return std::nullopt;
  return stamps.front().fed;
}

}  // namespace carillon::simulation
