// `carillon publish`: events through the publish API.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "app/command/client_config.h"
#include "app/command/gateway_address.h"
#include "app/command/http_call.h"
#include "app/command/publish_batch.h"
#include "app/command/verbs.h"
#include "app/config_path.h"
#include "app/terminal.h"
#include "json/reader.h"
#include "json/validate.h"

namespace carillon::app {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr const char* kKeyVariable = "CARILLON_API_KEY";
constexpr const char* kDefaultUrl = "http://127.0.0.1:8000";
constexpr std::size_t kInputBytesMax = 16 * 1024 * 1024;  // of one event
constexpr std::uint64_t kFaultsShown = 10;

// --- where to -----------------------------------------------------------------------------------

// The gateway, and the key of its API.
struct PublishTarget {
  WebUrl url;
  TlsTrust trust;
  std::string key;
};

// The configuration, where there is one. Fails only when the named one cannot be read.
Result<std::optional<ClientConfig>> config_of(const PublishArguments& arguments) {
  const std::string path = arguments.config_file.empty() ? default_config_path() : arguments.config_file;
  if (path.empty()) return dev_client_config();
  auto config = read_client_config(path);
  if (!config) return tl::unexpected(config.error());
  return std::optional(*std::move(config));
}

Result<PublishTarget> address_of(const PublishArguments& arguments,
                                 const std::optional<ClientConfig>& config) {
  PublishTarget target;
  if (!arguments.url.empty() || !config) {
    auto url = parse_web_url(arguments.url.empty() ? kDefaultUrl : arguments.url, "http", "https");
    if (!url) return failure("--url: " + url.error().message);
    target.url = *std::move(url);
  } else {
    if (std::string faults = config->faults_at({"server.listen"}); !faults.empty()) return failure(faults);
    auto address = first_address(config->settings.server);
    if (!address) return failure(config->source + ": " + address.error().message + "; write --url");
    target.url = std::move(address->url);
    target.trust = std::move(address->trust);
  }
  if (!arguments.ca_file.empty()) target.trust = {true, arguments.ca_file, {}};
  target.url.target = "/v1/publish";
  return target;
}

bool is_this_machine(const std::string& host) {
  return host == "127.0.0.1" || host == "::1" || host == "localhost";
}

// A key of a configuration that was only found goes nowhere but to that configuration's own address; that of
// carillon dev, which may listen on any port, to this machine.
bool may_use_its_key(const PublishArguments& arguments, const WebUrl& url) {
  if (arguments.url.empty() || !arguments.config_file.empty()) return true;
  return default_config_path().empty() && is_this_machine(url.host);
}

Result<std::string> key_of(const PublishArguments& arguments, const std::optional<ClientConfig>& config,
                           const WebUrl& url) {
  const char* key = std::getenv(kKeyVariable);
  if (key && *key) return std::string(key);
  if (!config || !may_use_its_key(arguments, url)) {
    return failure(std::string("set ") + kKeyVariable +
                   " to one of the gateway's api.keys, or write --config FILE with its configuration");
  }
  if (std::string faults = config->faults_at({"api"}); !faults.empty()) return failure(faults);
  if (config->settings.api.keys.empty()) {
    return failure(config->source + " has no api.keys, so that its gateway takes no events over HTTP");
  }
  return std::string(config->settings.api.keys.front().reveal());
}

Result<PublishTarget> find_target(const PublishArguments& arguments) {
  const char* key = std::getenv(kKeyVariable);
  std::optional<ClientConfig> config;
  if (arguments.url.empty() || !key || !*key) {
    auto found = config_of(arguments);
    if (!found) return tl::unexpected(found.error());
    config = *std::move(found);
  }
  auto target = address_of(arguments, config);
  if (!target) return target;
  auto found = key_of(arguments, config, target->url);
  if (!found) return tl::unexpected(found.error());
  target->key = *std::move(found);
  return target;
}

// --- one request --------------------------------------------------------------------------------

// Why no client of that gateway gets an event, by the member of the answer that lists its channel.
struct Warning {
  std::string_view member;
  const char* format;  // of printf, for the channel
};
constexpr std::array kWarnings = {
    // Most often a typing mistake.
    Warning{"unrouted",
            "carillon: warning: no endpoint of this gateway carries the channel \"%s\", so none of its "
            "clients gets the event\n"},
    Warning{"requirement_failed",
            "carillon: warning: no client of this gateway gets the event for the channel \"%s\": it lacks a "
            "member that source.require of the endpoint asks for, or the member has another type\n"},
    Warning{
        "not_selectable",
        "carillon: warning: no client of this gateway gets the event for the channel \"%s\": its value is "
        "none that a client can select (select.known and select.value of the endpoint)\n"},
};

// Warns of events that were published but that no client of that gateway gets.
void warn_of_undelivered(std::string_view answer) {
  const auto body = json::parse(answer);
  if (!body) return;
  for (const Warning& warning : kWarnings) {
    const auto channels = body->find(warning.member);
    if (!channels) continue;
    for (const json::Value& element : channels->elements()) {
      if (const auto channel = element.string()) std::fprintf(stderr, warning.format, channel->c_str());
    }
  }
}

Result<HttpAnswer> post(const PublishTarget& target, std::string body) {
  HttpCall call;
  call.url = target.url;
  call.trust = target.trust;
  call.method = "POST";
  call.headers = {{"Authorization", "Bearer " + target.key}, {"Content-Type", "application/json"}};
  call.body = std::move(body);
  return exchange(call);
}

std::string shown(const PublishTarget& target) {
  return (target.url.is_tls ? "https://" : "http://") + target.url.authority();
}

int publish_one(const PublishTarget& target, const std::string& channel, const std::string& data) {
  if (const auto judged = json::validate(data); !judged) {
    return fail("the event is not JSON: " + std::string(json::describe(judged.fault)) + ", at byte " +
                std::to_string(judged.offset + 1) + " of " + std::to_string(data.size()));
  }
  const auto answer = post(target, publish_body(channel, data));
  if (!answer) return fail(shown(target) + ": " + answer.error().message);
  std::printf("%s\n", answer->body.c_str());
  warn_of_undelivered(answer->body);
  return answer->status == 200 ? 0 : kFailed;
}

// --- from standard input ------------------------------------------------------------------------

// Everything until the end, as one event.
Result<std::string> read_input() {
  std::string text;
  char bytes[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("standard input cannot be read");
    if (count == 0) return text;
    text.append(bytes, static_cast<std::size_t>(count));
    if (text.size() > kInputBytesMax)
      return failure("standard input has more than 16 MiB, too much for an event");
  }
}

bool more_is_there() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

// LinePublisher: publishes the lines of standard input in batches. A line that is no event is left out; a
// batch that is refused or cannot be sent ends it, because what comes later must not overtake what is
// missing.
class LinePublisher {
 public:
  LinePublisher(const PublishTarget& target, const std::string& channel) : target_(target), batch_(channel) {}

  // Reads to the end. Returns the exit code.
  int run() {
    char bytes[64 * 1024];
    while (!has_ended_) {
      const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      take({bytes, static_cast<std::size_t>(count)});
      // A program that writes a line now and then has it published at once.
      if (!has_ended_ && !more_is_there()) flush();
    }
    if (!has_ended_ && !rest_.empty()) on_line(rest_);
    if (!has_ended_) flush();
    return summary();
  }

 private:
  void take(std::string_view bytes) {
    while (!has_ended_) {
      const std::size_t end = bytes.find('\n');
      rest_ += bytes.substr(0, end);
      if (rest_.size() > kInputBytesMax) {
        has_ended_ = true;
        return note_fault(number_ + 1, "it is longer than 16 MiB");
      }
      if (end == std::string_view::npos) return;
      bytes.remove_prefix(end + 1);
      on_line(rest_);
      rest_.clear();
    }
  }
  void on_line(std::string_view line) {
    ++number_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    if (!batch_.has_room_for(line)) flush();
    if (has_ended_) return;
    if (const auto fault = batch_.add(line, number_)) note_fault(number_, *fault);
  }
  void flush() {
    if (batch_.is_empty()) return;
    const auto answer = post(target_, batch_.body());
    if (answer && answer->status == 200) {
      published_ += batch_.size();
      warn_of_undelivered(answer->body);
      return batch_.clear();
    }
    has_ended_ = true;
    const std::string why =
        answer ? "status " + std::to_string(answer->status) + ": " + answer->body : answer.error().message;
    note_fault(batch_.line_of(why), shown(target_) + ": " + why + " (the request has " +
                                        std::to_string(batch_.size()) + " events, from line " +
                                        std::to_string(batch_.first_line()) +
                                        " on; nothing after it is sent)");
  }
  void note_fault(std::uint64_t line, const std::string& fault) {
    if (++faults_ == 1) first_fault_line_ = line;
    if (faults_ > kFaultsShown) return;
    std::fprintf(stderr, "carillon: line %llu: %s\n", static_cast<unsigned long long>(line), fault.c_str());
  }
  int summary() const {
    std::string text = std::to_string(published_) + " published";
    if (faults_ > 0) {
      text += ", " + std::to_string(faults_) + (faults_ == 1 ? " line" : " lines") +
              " at fault, the first is line " + std::to_string(first_fault_line_);
    }
    std::printf("%s\n", text.c_str());
    return faults_ == 0 ? 0 : kFailed;
  }

  const PublishTarget& target_;
  PublishBatch batch_;
  std::string rest_;  // the beginning of a line
  std::uint64_t number_ = 0;
  std::uint64_t published_ = 0;
  std::uint64_t faults_ = 0;
  std::uint64_t first_fault_line_ = 0;
  bool has_ended_ = false;
};

std::string fault_of(const PublishArguments& arguments) {
  if (arguments.lines) {
    return arguments.data.empty() ? "" : "--lines reads the data from standard input; leave DATA out";
  }
  if (arguments.channel.empty())
    return "write CHANNEL and DATA, or --lines to read events from standard input";
  if (arguments.data.empty())
    return "DATA is missing; write the event as JSON, or - to read it from standard input";
  return {};
}

}  // namespace

int run_publish(const PublishArguments& arguments) {
  if (const std::string fault = fault_of(arguments); !fault.empty()) return fail(fault, kUsage);
  const auto target = find_target(arguments);
  if (!target) return fail(target.error().message);
  if (arguments.lines) return LinePublisher(*target, arguments.channel).run();
  if (arguments.data != "-") return publish_one(*target, arguments.channel, arguments.data);
  const auto data = read_input();
  if (!data) return fail(data.error().message);
  return publish_one(*target, arguments.channel, *data);
}

}  // namespace carillon::app
