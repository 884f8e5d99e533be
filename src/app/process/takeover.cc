#include "app/process/takeover.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "app/process/history_transfer.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

constexpr seconds kPatience{10};
constexpr milliseconds kBusLook{10};
constexpr milliseconds kMarkerLook{2};

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
    ask_for_history();
  } else if (loop.now() < give_up_at_) {
    loop.call_after(kBusLook, [this] { look_at_the_bus(); });
  } else {
    done_(failure("the bus was not up within " + std::to_string(kBusPatience.count()) +
                  " s; the other process goes on serving"));
  }
}

// The request blocks, so it has a thread. Events that come meanwhile wait in the EventGate.
void Takeover::ask_for_history() {
  gateway::HistoryHandover& handover = gateway_.node().history_handover();
  if (!handover.is_waiting()) return gateway_.begin_listening([this] { finish(); });
  thread_ = std::thread([this, target = "/v1/takeover/history?marker=" + handover.marker()] {
    auto asked = ask_control(control_, "POST", target, kPatience);
    std::string error = asked ? std::string() : asked.error().message;
    if (asked && asked->status != 200) error = reason_in(asked->body);
    const auto answer = std::make_shared<const ControlAnswer>(asked ? std::move(*asked) : ControlAnswer{});
    gateway_.main_loop().post_always([this, answer, error = std::move(error)] {
      if (!error.empty()) return begin_listening(failure(error));
      wait_for_marker(answer, gateway_.main_loop().now() + gateway::HistoryHandover::kMarkerPatience);
    });
  });
}

// It comes over another connection than the answer.
void Takeover::wait_for_marker(std::shared_ptr<const ControlAnswer> answer, MonoTime until) {
  reactor::Loop& loop = gateway_.main_loop();
  if (gateway_.node().history_handover().has_marker() || loop.now() >= until) {
    return begin_listening(adopt_history(*answer));
  }
  loop.call_after(kMarkerLook, [this, answer = std::move(answer), until] { wait_for_marker(answer, until); });
}

Result<std::uint64_t> Takeover::adopt_history(const ControlAnswer& answer) {
  if (answer.descriptors.size() != 1) return failure("the other process sent no file");
  const auto offered = read_history_message(answer.body);
  if (!offered) return tl::unexpected(offered.error());
  const auto file = HistoryFile::open(answer.descriptors.front());
  if (!file) return tl::unexpected(file.error());
  return gateway_.node().history_handover().adopt(*offered, file->bytes());
}

void Takeover::begin_listening(const Result<std::uint64_t>& events) {
  thread_.join();
  gateway_.node().history_handover().give_up();  // unless it has been adopted
  if (events) {
    log_.info("the history was taken over", {{"events", static_cast<std::int64_t>(*events)}});
  } else {
    log_.warning("the history was not taken over: clients cannot resume what they received before",
                 {{"reason", std::string_view(events.error().message)}});
  }
  gateway_.begin_listening([this] { finish(); });
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
