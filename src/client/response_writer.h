// ResponseWriter: renders HTTP answers, each with a Date header.
//
// Thread: its shard's.
#pragma once

#include <string>

#include "base/time.h"
#include "http/date_clock.h"
#include "http/response.h"

namespace carillon::client {

class ResponseWriter {
 public:
  std::string bytes_of(const http::Response& response, http::BodyOut body, WallTime now) {
    std::string bytes;
    http::append_response(bytes, response, date_.at(now), body);
    return bytes;
  }

 private:
  http::DateClock date_;
};

}  // namespace carillon::client
