#include "transport/websocket.h"

#include <cstring>

#include "websocket/frame_writer.h"

namespace carillon::transport {
namespace {

class WebSocketEncoder final : public EventEncoder {
 public:
  std::size_t size_of(const EventText& event) const override {
    return websocket::server_header_size(event.body.size()) + event.body.size();
  }
  std::size_t write(char* out, const EventText& event) const override {
    const std::string_view body = event.body;
    const std::size_t header = websocket::server_header_size(body.size());
    websocket::write_header(out, websocket::Opcode::text, body.size());
    std::memcpy(out + header, body.data(), body.size());
    return header;
  }
};

class WebSocketFormat final : public WireFormat {
 public:
  const EventEncoder& encoder() const override { return encoder_; }
  std::string_view content_type() const override { return {}; }

  void append_message(std::string& out, std::string_view payload) const override {
    websocket::append_frame(out, websocket::Opcode::text, payload);
  }
  void append_position(std::string&, std::string_view) const override {}
  void append_heartbeat(std::string& out, std::string_view) const override {
    websocket::append_frame(out, websocket::Opcode::ping, {});
  }
  void append_retry(std::string&, milliseconds) const override {}
  void append_close(std::string& out, std::optional<std::uint16_t> code,
                    std::string_view reason) const override {
    websocket::append_close(out, code, reason);
  }

 private:
  WebSocketEncoder encoder_;
};

}  // namespace

const WireFormat& websocket_format() {
  static const WebSocketFormat format;
  return format;
}

bool WebSocketCompressor::try_append(std::string& out, std::string_view body) {
  compressed_.clear();
  if (!deflater_.try_append_deflated(compressed_, body)) return false;
  websocket::append_frame(out, websocket::Opcode::text, compressed_, websocket::Rsv1::set);
  return true;
}

}  // namespace carillon::transport
