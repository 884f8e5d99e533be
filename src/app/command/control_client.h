// Asks a running gateway through its control socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "reactor/listener.h"

namespace carillon::app {

struct ControlAnswer {
  int status = 0;
  std::string body;
  std::vector<reactor::FileDescriptor> descriptors;  // that came with it
};

// Sends one request and waits for its answer, at most `patience`. Blocks. Errors name the socket and say what
// to do.
Result<ControlAnswer> ask_control(const std::string& socket_path, std::string_view method,
                                  std::string_view target, seconds patience);

}  // namespace carillon::app
