// Events as WebSocket text messages of one frame each (RFC 6455 section 5.6), plain and with
// permessage-deflate (RFC 7692).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "event/encoder.h"
#include "transport/wire_format.h"
#include "websocket/deflate.h"

namespace carillon::transport {

// The plain form. Any thread.
const WireFormat& websocket_format();
inline const EventEncoder& websocket_encoder() { return websocket_format().encoder(); }

// Thread: the one of the shard that owns it.
class WebSocketCompressor final : public EventCompressor {
 public:
  bool try_append(std::string& out, std::string_view body) override;

  // For messages that are not events.
  websocket::Deflater& deflater() { return deflater_; }

 private:
  websocket::Deflater deflater_;
  std::string compressed_;  // kept so that its memory is reused
};

}  // namespace carillon::transport
