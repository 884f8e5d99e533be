// How the body of an event becomes the bytes that are sent to clients. The engine (fanout) only knows these
// two interfaces; transport/ has one implementation of them for each way to send events.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carillon {

// EventEncoder: the plain bytes of an event. Called once an event in the process, never for a delivery.
// Stateless, so that any thread may use it.
class EventEncoder {
 public:
  virtual std::size_t size_of(std::string_view body) const = 0;
  // Writes exactly size_of(body) bytes to `out`, and returns where among them the body begins. The body is in
  // them as it is, in one piece.
  virtual std::size_t write(char* out, std::string_view body) const = 0;

 protected:
  ~EventEncoder() = default;
};

// EventCompressor: the bytes of an event for clients that have agreed to a compression. Each shard has its
// own; an event is compressed by the first that needs it.
class EventCompressor {
 public:
  // Appends the bytes for this body. False, and nothing appended, when compression does not pay: then the
  // plain bytes are sent.
  virtual bool try_append(std::string& out, std::string_view body) = 0;

 protected:
  ~EventCompressor() = default;
};

}  // namespace carillon
