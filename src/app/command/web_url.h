#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::app {

// The parts of a URL on the command line: http, https, ws or wss, a host, a port, and what follows.
struct WebUrl {
  bool is_tls = false;
  std::string host;    // an IPv6 address without its brackets
  std::string port;    // the scheme's own where the URL has none
  std::string target;  // path and query: "/" or longer

  // For the Host header: the host as the URL has it, and the port unless it is the scheme's own.
  std::string authority() const;
};

// `plain` and `secure`: the two schemes that the verb understands, such as "http" and "https". An error says
// what to write instead.
Result<WebUrl> parse_web_url(std::string_view text, std::string_view plain, std::string_view secure);

}  // namespace carillon::app
