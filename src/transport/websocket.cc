#include "transport/websocket.h"

#include <cstring>

#include "websocket/frame_writer.h"

namespace carillon::transport {
namespace {

class WebSocketEncoder final : public EventEncoder {
 public:
  std::size_t size_of(std::string_view body) const override {
    return websocket::server_header_size(body.size()) + body.size();
  }
  std::size_t write(char* out, std::string_view body) const override {
    const std::size_t header = websocket::server_header_size(body.size());
    websocket::write_header(out, websocket::Opcode::text, body.size());
    std::memcpy(out + header, body.data(), body.size());
    return header;
  }
};

}  // namespace

const EventEncoder& websocket_encoder() {
  static const WebSocketEncoder encoder;
  return encoder;
}

bool WebSocketCompressor::try_append(std::string& out, std::string_view body) {
  compressed_.clear();
  if (!deflater_.try_append_deflated(compressed_, body)) return false;
  websocket::append_frame(out, websocket::Opcode::text, compressed_, websocket::Rsv1::set);
  return true;
}

}  // namespace carillon::transport
