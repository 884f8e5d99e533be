// Drip: a client that reads a byte now and then, and how long its node has kept more for it. Such a client
// must not be kept for ever: what waits for it occupies memory.
#pragma once

#include <optional>

#include "virtual_sockets.h"

namespace carillon::simulation {

class Drip {
 public:
  void begin() { is_on_ = true; }
  void end() { *this = Drip(); }
  bool is_on() const { return is_on_; }
  // Since when its socket has been full whenever it looked, with more to come; nothing when it is not.
  std::optional<MonoTime> stuck_since() const { return stuck_since_; }

  // It is about to read its byte.
  void look(const VirtualSocket& socket, MonoTime now) {
    if (!socket.was_short || socket.has_room()) {
      stuck_since_.reset();
    } else if (!stuck_since_) {
      stuck_since_ = now;
    }
  }

 private:
  bool is_on_ = false;
  std::optional<MonoTime> stuck_since_;
};

}  // namespace carillon::simulation
