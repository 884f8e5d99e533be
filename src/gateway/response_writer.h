// ResponseWriter: an HTTP answer's bytes, with the Date that every one of them must carry.
//
// Thread: its shard's.
#pragma once

#include <string>

#include "base/time.h"
#include "http/date_clock.h"
#include "http/request_head.h"
#include "http/response.h"

namespace carillon::gateway {

class ResponseWriter {
 public:
  // The bytes of the answer to this head; without the body where it is a HEAD.
  std::string bytes_of(const http::RequestHead& head, const http::Response& response, WallTime now) {
    std::string bytes;
    http::append_response(bytes, response, date_.at(now),
                          head.method == "HEAD" ? http::BodyOut::omit : http::BodyOut::send);
    return bytes;
  }

 private:
  http::DateClock date_;
};

}  // namespace carillon::gateway
