#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reactor/client_stream.h"

namespace carillon::reactor {

// StreamRecorder: a ClientStreamHandler for tests that records its calls.
// Thread: the loop's.
class StreamRecorder final : public ClientStreamHandler {
 public:
  void on_connected() override {
    ++connected;
    if (then_connected) then_connected();
  }
  void on_bytes(std::string_view bytes) override {
    received += bytes;
    ++calls;
    if (then_bytes) then_bytes(bytes);
  }
  void on_closed(const Error& reason) override {
    ++closed;
    closed_because = reason.message;
    if (then_closed) then_closed();
  }

  int connected = 0;
  int calls = 0;  // of on_bytes()
  int closed = 0;
  std::string received;
  std::string closed_because;
  std::function<void()> then_connected;
  std::function<void(std::string_view)> then_bytes;
  std::function<void()> then_closed;
};

}  // namespace carillon::reactor
