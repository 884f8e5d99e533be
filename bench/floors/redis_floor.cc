// redis_floor: the smallest subscriber of a Redis channel: a loop of redisGetReply() that counts messages
// until it receives "end". The gateway's path from the bus is compared with it.
//
// Prints {"subscribed": true} when it is subscribed, and {"messages", "bytes", "cpu_ns", "end_ns"} at the
// end: CPU time from the first message to the last, and when the last arrived by the monotonic clock. Redis
// must be configured to keep what a subscriber has not read yet (client-output-buffer-limit pubsub 0 0 0),
// because it is faster than any subscriber and would disconnect it. Reads of 64 KiB instead of hiredis' 16
// KiB were tried; they cost more per message.
#include <hiredis/hiredis.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "common/clocks.h"
#include "common/json_line.h"
#include "loadgen/process.h"

namespace carillon::bench {
namespace {

constexpr std::string_view kEnd = "end";
constexpr timeval kPatience{30, 0};  // without a byte

struct Freeing {
  void operator()(redisContext* context) const { redisFree(context); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Freeing>;
using Reply = std::unique_ptr<redisReply, Freeing>;

class Subscriber {
 public:
  // Returns null and writes an error to stderr when there is no Redis.
  static Context subscribe(int port, const std::string& channel);

  explicit Subscriber(Context context) : context_(std::move(context)) {}
  // Returns false when Redis closed the connection before the end.
  bool receive_to_the_end();
  void report() const;

 private:
  void count(const redisReply& message);

  Context context_;
  std::uint64_t messages_ = 0;
  std::uint64_t message_bytes_ = 0;
  bool ended_ = false;
  Stamp start_;
  Stamp end_;
};

Context Subscriber::subscribe(int port, const std::string& channel) {
  Context context(redisConnect("127.0.0.1", port));
  if (!context || context->err != 0) {
    std::fprintf(stderr, "redis_floor: no Redis on port %d\n", port);
    return nullptr;
  }
  redisSetTimeout(context.get(), kPatience);
  const Reply reply(static_cast<redisReply*>(redisCommand(context.get(), "SUBSCRIBE %s", channel.c_str())));
  if (!reply || reply->type != REDIS_REPLY_ARRAY) {
    std::fprintf(stderr, "redis_floor: Redis refused to subscribe\n");
    return nullptr;
  }
  return context;
}

bool Subscriber::receive_to_the_end() {
  while (!ended_) {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) return false;
    if (messages_ == 0) start_ = stamp_now();
    const Reply reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3) count(*reply->element[2]);
  }
  end_ = stamp_now();
  return true;
}

void Subscriber::count(const redisReply& message) {
  const std::string_view text(message.str, message.len);
  if (text == kEnd) {
    ended_ = true;
    return;
  }
  ++messages_;
  message_bytes_ += text.size();
}

void Subscriber::report() const {
  const Span span = end_ - start_;
  std::string line;
  json::ObjectWriter object(line);
  object.member("messages", messages_).member("bytes", message_bytes_);
  object.member("cpu_ns", span.cpu_ns).member("end_ns", end_.wall_ns);
  object.close();
  print_line(line);
}

int receive(int port, const std::string& channel) {
  Context context = Subscriber::subscribe(port, channel);
  if (!context) return 1;
  print_line(R"({"subscribed":true})");
  Subscriber subscriber(std::move(context));
  if (!subscriber.receive_to_the_end()) {
    std::fprintf(stderr, "redis_floor: Redis went away, or was silent for %ld s\n", kPatience.tv_sec);
    return 1;
  }
  subscriber.report();
  return 0;
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  int port = 6379;
  std::string channel;
  int core = -1;
  CLI::App app("A bare hiredis subscriber that counts messages until it receives \"end\".");
  app.add_option("--redis", port, "its port on loopback")->check(CLI::Range(1, 65535))->capture_default_str();
  app.add_option("--channel", channel)->required();
  app.add_option("--core", core, "stay on this core; -1: any")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (core >= 0) carillon::loadgen::pin_to_core(core);
  return carillon::bench::receive(port, channel);
}
