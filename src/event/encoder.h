// The interfaces that turn the body of an event into the bytes that are sent to clients. The engine (fanout)
// knows only these; transport/ implements them for each way to send events.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carillon {

// EventText: what there is to encode of one event.
struct EventText {
  std::string_view body;
  std::string_view position{};  // event/position.h; empty where clients cannot use it
};

// EventEncoder: makes the plain bytes of an event: once per event in the process, and again for each client
// that missed it, never per delivery. The same event always has the same bytes.
// Stateless, so that any thread may use it.
class EventEncoder {
 public:
  virtual std::size_t size_of(const EventText& event) const = 0;
  // Writes exactly size_of(event) bytes to `out`. Returns where the body begins in them, if they contain it
  // unchanged and in one piece, as they must for subscribers with compression; otherwise 0.
  virtual std::size_t write(char* out, const EventText& event) const = 0;

 protected:
  ~EventEncoder() = default;
};

// EventCompressor: makes the compressed bytes of an event, for clients that negotiated compression. Each
// shard has its own; the first shard that needs the compressed form of an event makes it.
class EventCompressor {
 public:
  // Appends the compressed bytes. Returns false, and appends nothing, when compression would not shorten
  // them; then the plain bytes are sent.
  virtual bool try_append(std::string& out, std::string_view body) = 0;

 protected:
  ~EventCompressor() = default;
};

}  // namespace carillon
