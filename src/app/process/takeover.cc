#include "app/process/takeover.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "app/command/control_client.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

constexpr seconds kPatience{10};
constexpr milliseconds kBusLook{10};

// What the other process says, where it refuses.
std::string reason_in(const std::string& body) {
  if (const auto parsed = json::parse(body)) {
    if (const auto message = parsed->find("message")) return message->string().value_or("");
  }
  return "it refused";
}

}  // namespace

Result<Handover> ask_for_handover(const std::string& control) {
  auto answer = ask_control(control, "POST", "/v1/takeover", kPatience);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return failure("cannot take over: " + reason_in(answer->body));
  auto handover = read_handover(answer->body, std::move(answer->descriptors));
  if (!handover) return failure("cannot take over: " + handover.error().message);
  return handover;
}

Takeover::Takeover(gateway::Gateway& gateway, Log& log, std::string control, std::int64_t pid,
                   std::function<void(Result<std::monostate>)> done)
    : gateway_(gateway),
      log_(log),
      control_(std::move(control)),
      pid_(pid),
      done_(std::move(done)),
      handler_(gateway.main_loop().add_handler(*this)) {}

Takeover::~Takeover() {
  if (thread_.joinable()) thread_.join();
  if (process_) gateway_.main_loop().unwatch(process_.get());
  gateway_.main_loop().remove_handler(handler_);
}

void Takeover::start() {
  log_.info("taking over", {{"pid", pid_}});
  give_up_at_ = gateway_.main_loop().now() + kBusPatience;
  look_at_the_bus();
}

void Takeover::look_at_the_bus() {
  reactor::Loop& loop = gateway_.main_loop();
  if (gateway_.node().router().bus_status().get().state == bus::BusState::up) {
    gateway_.begin_listening([this] { finish(); });
  } else if (loop.now() < give_up_at_) {
    loop.call_after(kBusLook, [this] { look_at_the_bus(); });
  } else {
    done_(failure("the bus was not up within " + std::to_string(kBusPatience.count()) +
                  " s; the other process goes on serving"));
  }
}

// The request blocks, so it has a thread; loop 0 goes on accepting meanwhile.
void Takeover::finish() {
  watch_the_end();
  thread_ = std::thread([this] {
    auto answer = ask_control(control_, "POST", "/v1/takeover/finish", kPatience);
    std::string error = answer ? std::string() : answer.error().message;
    if (answer && answer->status != 200) error = reason_in(answer->body);
    gateway_.main_loop().post_always([this, error = std::move(error)] {
      // Whether the other process drains, has gone or refuses: this one serves.
      if (!error.empty())
        log_.warning("the other process did not confirm the handover", {{"error", std::string_view(error)}});
      gateway_.retire_listeners();
      done_(std::monostate{});
    });
  });
}

void Takeover::watch_the_end() {
  process_ = reactor::FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_ || !gateway_.main_loop().watch(process_.get(), EPOLLIN, handler_, 0, 0)) {
    process_ = {};
    gateway_.close_left_over();  // it has ended already
  }
}

void Takeover::on_io(std::uint32_t, std::uint32_t, std::uint32_t) {
  gateway_.main_loop().unwatch(process_.get());
  process_ = {};
  gateway_.close_left_over();
  log_.info("the process before has ended", {{"pid", pid_}});
}

}  // namespace carillon::app
