// `carillon publish`: one event through the publish API.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "app/command/http_call.h"
#include "app/command/verbs.h"
#include "json/reader.h"
#include "json/validate.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

int fail(const std::string& message) {
  std::fprintf(stderr, "carillon: %s\n", message.c_str());
  return 1;
}

// The answer names channels that no endpoint of that gateway carries: most often a typing mistake.
void warn_of_unrouted(std::string_view answer) {
  const auto body = json::parse(answer);
  if (!body) return;
  const auto unrouted = body->find("unrouted");
  if (!unrouted) return;
  for (const json::Value& element : unrouted->elements()) {
    const auto channel = element.string();
    if (!channel) continue;
    std::fprintf(stderr,
                 "carillon: warning: no endpoint of this gateway carries the channel \"%s\", so none of its "
                 "clients gets the event\n",
                 channel->c_str());
  }
}

}  // namespace

int run_publish(const PublishArguments& arguments) {
  const char* key = std::getenv("CARILLON_API_KEY");
  if (!key || !*key) return fail("set CARILLON_API_KEY to one of the gateway's api.keys");
  auto url = parse_web_url(arguments.url, "http", "https");
  if (!url) return fail("--url: " + url.error().message);
  if (const auto judged = json::validate(arguments.data); !judged) {
    return fail("the event is not JSON: " + std::string(json::describe(judged.fault)));
  }
  HttpCall call;
  call.url = std::move(*url);
  call.method = "POST";
  call.url.target = "/v1/publish";
  call.headers = {{"Authorization", "Bearer " + std::string(key)}, {"Content-Type", "application/json"}};
  {
    json::ObjectWriter writer(call.body);
    writer.member("channel", arguments.channel).raw_member("data", arguments.data);
  }
  const auto answer = exchange(call);
  if (!answer) return fail(arguments.url + ": " + answer.error().message);
  std::printf("%s\n", answer->body.c_str());
  warn_of_unrouted(answer->body);
  return answer->status == 200 ? 0 : 1;
}

}  // namespace carillon::app
