// KeySetFetcher: the interface that fetches the documents of key sets. The gateway uses libcurl for it
// (fetch/), tests and the simulator something else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace carillon::auth {

constexpr int kRedirectsMax = 3;

struct FetchRequest {
  std::string url;              // has passed config::parse_key_set_url()
  std::string ca_file;          // PEM; empty: the system's certificates
  milliseconds timeout{5'000};  // of the whole fetch, redirects included
  std::size_t bytes_max = 0;    // of the document
};

struct FetchedDocument {
  std::string body;
  std::optional<seconds> max_age;  // of its Cache-Control
};

// Why there is no document.
enum class FetchFault : std::uint8_t {
  unreachable,  // no connection, or it broke
  timeout,
  tls,       // the server's certificate is not valid for its name, or no common version
  status,    // not 200
  redirect,  // to another server, to http, or too many
  too_large,
  count
};
std::string_view name_of(FetchFault fault);  // "timeout": a metric's label

struct FetchError {
  FetchFault fault = FetchFault::unreachable;
  std::string detail;  // for the log
};

using FetchResult = Result<FetchedDocument, FetchError>;

// Thread: any calls fetch(); `done` is called once, on a thread of the fetcher's own, unless the fetcher is
// destroyed before. The destructor returns only when no `done` runs any more.
class KeySetFetcher {
 public:
  virtual ~KeySetFetcher() = default;
  // A redirect is followed only to the same scheme, host and port, at most kRedirectsMax times.
  virtual void fetch(FetchRequest request, std::function<void(FetchResult)> done) = 0;
};

// Whether a server may redirect a fetch from one URL to the other.
bool may_redirect(std::string_view from, std::string_view to);

// Returns for how long a document may be used according to its Cache-Control (RFC 9111 section 5.2.2):
// 0 for no-store and no-cache, nothing when it does not say.
std::optional<seconds> max_age_of(std::string_view cache_control);

}  // namespace carillon::auth
