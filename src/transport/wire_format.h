// WireFormat: what a client of one transport receives, as bytes: events, other messages, heartbeats, and the
// end of the stream. A compiled endpoint has the one of its transport, so that the code that closes clients,
// keeps connections alive and answers requests names no transport.
//
// Stateless; any thread. The objects live as long as the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/encoder.h"

namespace carillon::transport {

class WireFormat {
 public:
  // The encoder of its events.
  virtual const EventEncoder& encoder() const = 0;
  // The media type of the response that opens the stream; empty for a WebSocket, which a 101 opens.
  virtual std::string_view content_type() const = 0;

  // Appends a message that is not an event: a reply, or a frame of the profile.
  virtual void append_message(std::string& out, std::string_view payload) const = 0;
  // Appends the position that the client can resume from, apart from any event, if the format has a place for
  // it. `position` is not empty.
  virtual void append_position(std::string& out, std::string_view position) const = 0;
  // Appends what keeps an idle connection open and makes a dead peer show. `position`: as above, where the
  // format has a place for it; empty: none is known.
  virtual void append_heartbeat(std::string& out, std::string_view position) const = 0;
  // Appends how long the client should wait before it reconnects, if the format has a place for it.
  virtual void append_retry(std::string& out, milliseconds after) const = 0;
  // Appends the code and reason of a close, if the format has a place for them. The end of the connection
  // follows in any case.
  virtual void append_close(std::string& out, std::optional<std::uint16_t> code,
                            std::string_view reason) const = 0;

 protected:
  ~WireFormat() = default;
};

}  // namespace carillon::transport
