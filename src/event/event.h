// Event: what a back end publishes, as the bus hands it on.
//
// A value of views: they live as long as the call that they are passed to.
#pragma once

#include <string_view>

namespace carillon {

struct Event {
  std::string_view channel;  // on the bus
  std::string_view body;     // as published: not yet checked to be JSON
};

}  // namespace carillon
