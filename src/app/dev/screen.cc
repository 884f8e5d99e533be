#include "app/dev/screen.h"

#include <algorithm>
#include <utility>

#include "app/dev/samples.h"
#include "app/tokens.h"

namespace carillon::app {
namespace {

constexpr seconds kTokenTtl = std::chrono::hours(7 * 24);
constexpr std::size_t kKeysShown = 5;
constexpr std::size_t kMistakesShown = 20;
constexpr std::size_t kNameWidth = 10;

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : std::string(separator)) + text;
  return all;
}

std::string padded(std::string_view name) {
  return "  " + std::string(name) +
         std::string(name.size() < kNameWidth ? kNameWidth - name.size() : 0, ' ') + " ";
}

// For a shell.
std::string in_single_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string publishing_lines(const DevScreen& screen) {
  if (!screen.example || screen.api_key.empty()) return {};
  return "\nPublish an event:\ncurl -sS " + screen.urls.base() + "/v1/publish -H 'Authorization: Bearer " +
         screen.api_key + "' -H 'Content-Type: application/json' -d " +
         in_single_quotes(screen.example->line()) + "\n";
}

std::string receiving_lines(const DevScreen& screen) {
  if (screen.example_endpoint.empty()) return {};
  return "\nReceive events in another terminal:\n" + screen.listen_command + "\n";
}

std::string bus_text(const DevScreen& screen) {
  return screen.bus == "memory:" ? "events of this process only (memory:)" : "events from " + screen.bus;
}

std::string sentences(const DevScreen& screen) {
  std::string text;
  if (!screen.bus_fault.empty()) {
    text += "The bus does not answer (" + screen.bus_fault + "). Carillon goes on trying.\n";
  }
  for (const std::string& remark : screen.remarks) text += remark + "\n";
  return text.empty() ? text : "\n" + text;
}

std::string last_lines(const DevScreen& screen) {
  std::string text = "\n";
  if (!screen.watched.empty()) {
    text += "A change of " + joined(screen.watched, " or ") + " is applied as soon as it is saved.\n";
  }
  text += screen.has_samples ? "A sample event for each protocol is published every second."
                             : "No sample events are published; --samples publishes some.";
  return text + " Ctrl-C stops the gateway.\n";
}

// A key of the endpoint whose profile's file has changed, as it is written there.
std::string shown_key(const std::string& key, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    const std::size_t begin = file.rfind('/') + 1;
    const std::size_t end = file.rfind('.');
    if (end == std::string::npos || end < begin) continue;
    const std::string prefix = "endpoint[" + file.substr(begin, end - begin) + "].";
    if (key.starts_with(prefix)) return key.substr(prefix.size());
  }
  return key;
}

std::string subject(const std::vector<std::string>& files) {
  return files.empty() ? std::string("The configuration") : joined(files, ", ");
}

}  // namespace

std::string reachable(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  const std::string port(colon == std::string_view::npos ? "" : address.substr(colon));
  if (host == "0.0.0.0") return "127.0.0.1" + port;
  if (host == "[::]") return "[::1]" + port;
  return std::string(address);
}

std::optional<std::string> token_for(const config::EndpointSettings& endpoint,
                                     const config::Settings& settings, WallTime minted) {
  TokenRequest wanted;
  wanted.ttl = kTokenTtl;
  return token_for(endpoint, settings, std::move(wanted), minted);
}

std::optional<std::string> credential_for(const config::EndpointSettings& endpoint,
                                          const config::Settings& settings, WallTime minted) {
  switch (endpoint.auth.mode) {
    case config::AuthMode::none:
      return std::nullopt;
    case config::AuthMode::jwt:
      return token_for(endpoint, settings, minted);
    case config::AuthMode::api_key:
      if (endpoint.auth.api_keys.empty()) return std::nullopt;
      return std::string(endpoint.auth.api_keys.front().reveal());
  }
  return std::nullopt;
}

DevUrls::DevUrls(const config::Settings& settings, std::string_view address, WallTime minted) {
  const bool has_tls = !settings.server.listen.empty() && settings.server.listen.front().tls;
  base_ = (has_tls ? "https://" : "http://") + reachable(address);
  sockets_ = (has_tls ? "wss://" : "ws://") + reachable(address);
  for (const config::EndpointSettings& endpoint : settings.endpoints) {
    Entry entry{endpoint.name, sockets_ + sample_path(endpoint), {}};
    add_credentials(endpoint, settings, minted, entry);
    entries_.push_back(std::move(entry));
  }
}

void DevUrls::add_credentials(const config::EndpointSettings& endpoint, const config::Settings& settings,
                              WallTime minted, Entry& entry) {
  const config::EndpointAuth& auth = endpoint.auth;
  if (auth.mode == config::AuthMode::none) return;
  const std::string credential = credential_for(endpoint, settings, minted).value_or("");
  if (auth.mode == config::AuthMode::jwt && token_.empty()) token_ = credential;
  for (const config::TokenPlace& place : auth.sources) {
    if (place.source != config::TokenSource::query || credential.empty()) continue;
    entry.url += "?" + place.name + "=" + credential;
    return;
  }
  entry.hint = credential.empty() ? "   (with a token of its issuer)" : "   (with the token in a header)";
}

const std::string& DevUrls::of(std::string_view name) const {
  static const std::string none;
  for (const Entry& entry : entries_) {
    if (entry.name == name) return entry.url;
  }
  return none;
}

bool DevUrls::has_page() const {
  const bool is_local =
      base_.find("://127.0.0.1:") != std::string::npos || base_.find("://[::1]:") != std::string::npos;
  const std::string root = sockets_ + "/";
  return is_local && std::none_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
           return entry.url == root || entry.url.starts_with(root + "?");
         });
}

std::string DevUrls::without_token(std::string url) const {
  const std::size_t place = token_.empty() ? std::string::npos : url.find(token_);
  return place == std::string::npos ? url : url.replace(place, token_.size(), "TOKEN");
}

std::string DevUrls::lines_since(const DevUrls& before) const {
  std::string text;
  for (const Entry& entry : entries_) {
    if (before.of(entry.name) == entry.url) continue;
    text += padded(entry.name) + without_token(entry.url) + entry.hint + "\n";
  }
  return text;
}

std::string text_of(const DevScreen& screen) {
  std::string text = "\nCarillon " CARILLON_VERSION " is listening on " + screen.address + ", with " +
                     bus_text(screen) + "\n\n";
  if (screen.urls.has_page()) {
    text += "Open " + screen.urls.base() + "/ in a browser to see the events of every protocol live.\n\n";
  }
  text += screen.urls.lines_since({});
  text += padded("health") + screen.urls.base() + "/health   /ready   /metrics\n";
  text += sentences(screen);
  if (!screen.urls.token().empty()) {
    text += "\nTOKEN is, for a week:\n" + screen.urls.token() + "\n";
  }
  return text + publishing_lines(screen) + receiving_lines(screen) + last_lines(screen);
}

std::string change_text(const std::vector<std::string>& files, const std::vector<config::Change>& changes) {
  if (changes.empty()) return subject(files) + " changed: its settings are those that are served";
  std::vector<std::string> keys;
  keys.reserve(changes.size());
  for (const config::Change& change : changes) keys.push_back(shown_key(change.key, files));
  std::string more;
  if (keys.size() > kKeysShown) {
    more = " and " + std::to_string(keys.size() - kKeysShown) + " more";
    keys.resize(kKeysShown);
  }
  return subject(files) + " changed: " + joined(keys, ", ") + more;
}

std::string restart_text(std::uint64_t clients_closed) {
  if (clients_closed == 0) return "; restarted, while no client was connected";
  const bool is_one = clients_closed == 1;
  return "; restarted, " + std::to_string(clients_closed) + (is_one ? " client closed" : " clients closed");
}

std::string mistakes_text(const std::vector<std::string>& files, const std::vector<std::string>& errors) {
  std::string text = subject(files) + " has a mistake, and the version before goes on serving:\n";
  for (std::size_t i = 0; i < errors.size() && i < kMistakesShown; ++i) text += "  " + errors[i] + "\n";
  if (errors.size() > kMistakesShown) {
    text += "  and " + std::to_string(errors.size() - kMistakesShown) + " more; fix these first\n";
  }
  return text;
}

}  // namespace carillon::app
