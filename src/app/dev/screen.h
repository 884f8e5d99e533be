// What `carillon dev` prints: text, from settings and reports.
//
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/admin.h"
#include "app/dev/samples.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::app {

// DevUrls: the URLs of all endpoints, with a token or key where one may be in the query.
class DevUrls {
 public:
  DevUrls() = default;
  // `address`: where the gateway listens first. `minted`: the time at which tokens are issued.
  DevUrls(const config::Settings& settings, std::string_view address, WallTime minted);

  // http:// or https://, without a path.
  const std::string& base() const { return base_; }
  // The first token that was made; empty: none.
  const std::string& token() const { return token_; }
  const std::string& of(std::string_view name) const;
  // Whether a browser on this machine finds the web page at `/`: it is served under names of this machine
  // only (dev_page.h), and an endpoint with the path `/` takes its place.
  bool has_page() const;
  // The URL with "TOKEN" in place of the token, which is long and stands on the screen once.
  std::string without_token(std::string url) const;
  // A line for each endpoint whose URL is another one than in `before`.
  std::string lines_since(const DevUrls& before) const;

 private:
  struct Entry {
    std::string name;
    std::string url;
    std::string hint;  // what a client must also send
  };
  void add_credentials(const config::EndpointSettings& endpoint, const config::Settings& settings,
                       WallTime minted, Entry& entry);

  std::string base_;
  std::string sockets_;  // ws:// or wss://, without a path
  std::string token_;
  std::vector<Entry> entries_;
};

// A host and port that a client can connect to: 0.0.0.0 and [::] become the loopback addresses.
std::string reachable(std::string_view address);

// A token for an endpoint, from the first of its keys that can sign one. Nothing: there is none.
std::optional<std::string> token_for(const config::EndpointSettings& endpoint,
                                     const config::Settings& settings, WallTime minted);

// What a client of the endpoint presents: a token, or the first of its API keys. Nothing: there is none.
std::optional<std::string> credential_for(const config::EndpointSettings& endpoint,
                                          const config::Settings& settings, WallTime minted);

// What the first screen is made from.
struct DevScreen {
  const DevUrls& urls;
  std::string address;
  std::string bus;                   // without its password
  std::string bus_fault;             // why it does not answer; empty: it does
  std::vector<std::string> remarks;  // sentences
  std::vector<std::string> watched;  // files; empty: none
  std::string api_key;               // empty: there is none
  std::optional<Sample> example;     // an event, and the endpoint that receives it
  std::string example_endpoint;
  std::string listen_command = {};  // prints the events of that endpoint
  bool has_samples = true;
};
std::string text_of(const DevScreen& screen);

// "mine.toml changed: frames.event". `files`: those that have changed, as the user has named them.
std::string change_text(const std::vector<std::string>& files, const std::vector<config::Change>& changes);
// "; restarted, 2 clients closed".
std::string restart_text(std::uint64_t clients_closed);
// The mistakes, one a line, and that the version before goes on serving.
std::string mistakes_text(const std::vector<std::string>& files, const std::vector<std::string>& errors);

}  // namespace carillon::app
