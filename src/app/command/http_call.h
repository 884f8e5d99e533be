// One HTTP request of a verb, and its answer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/command/tls_trust.h"
#include "app/command/web_url.h"
#include "base/result.h"
#include "base/time.h"

namespace carillon::app {

// A request; `Host`, `Content-Length` and `Connection` are added.
struct HttpCall {
  WebUrl url;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  seconds patience{10};  // for all of it, the name's resolution excepted
  TlsTrust trust;        // over TLS
};

struct HttpAnswer {
  int status = 0;
  std::string body;  // at most 16 MiB
};

// Blocks. Errors say what failed in one line, without the URL.
Result<HttpAnswer> exchange(const HttpCall& call);

}  // namespace carillon::app
