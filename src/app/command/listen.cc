// `carillon listen`: prints what a WebSocket endpoint sends, and sends what is typed.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <utility>

#include "app/command/listen_plan.h"
#include "app/command/listen_socket.h"
#include "app/command/listen_text.h"
#include "app/command/running_dev.h"
#include "app/command/stdin_lines.h"
#include "app/command/verbs.h"
#include "app/config_path.h"
#include "app/terminal.h"
#include "base/time.h"

namespace carillon::app {
namespace {

namespace asio = boost::asio;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr std::string_view kPageSubject = "dev";  // of the tokens of dev's page
constexpr seconds kClosePatience{2};
constexpr seconds kStable{10};  // a connection that was open this long has not failed
constexpr std::size_t kShownBytesMax = 2048;

void note(const std::string& text) { std::fprintf(stderr, "carillon: %s\n", text.c_str()); }

// Whether the same request may be answered otherwise a little later.
bool may_pass_later(int status) { return status == 429 || status >= 500; }

// Session: one connection after the other, until it is told to end.
//
// Thread: one; run() blocks.
class Session {
 public:
  Session(const ListenPlan& plan, const ListenArguments& arguments)
      : plan_(plan),
        arguments_(arguments),
        style_(arguments.json        ? MessageStyle::json
               : has_colours(stdout) ? MessageStyle::coloured
                                     : MessageStyle::plain),
        signals_(io_, SIGINT, SIGTERM),
        timer_(io_),
        delay_(std::random_device{}()),
        input_(io_, {[this](std::string line) { send(std::move(line)); },
                     [](std::string_view text) { note(std::string(text)); }}) {}

  int run();

 private:
  void connect();
  void on_open(const ListenCall& call);
  void on_message(std::string_view message, bool is_binary);
  void on_end(const ListenCall& call, const ListenEnd& end);
  void end_or_retry(bool may_retry, int code);
  void send(std::string line);
  void close();
  void on_signal();
  void finish(int code);

  asio::io_context io_;
  const ListenPlan& plan_;
  const ListenArguments& arguments_;
  const MessageStyle style_;
  asio::signal_set signals_;
  asio::steady_timer timer_;  // of the wait before the next connection, or for the answer to our close frame
  RetryDelay delay_;
  StdinLines input_;
  std::shared_ptr<ListenSocket> socket_;  // null: none
  MonoTime opened_at_{};
  bool is_open_ = false;
  bool is_closing_ = false;
  std::uint64_t messages_ = 0;
  std::uint64_t connections_ = 0;  // that were open
  int code_ = 0;
};

int Session::run() {
  const MonoTime begin = mono_now();
  signals_.async_wait([this](boost::system::error_code, int) { on_signal(); });
  connect();
  io_.run();
  const auto took = std::chrono::duration_cast<milliseconds>(mono_now() - begin);
  std::string text =
      std::to_string(messages_) + (messages_ == 1 ? " message" : " messages") + " in " + shown_seconds(took);
  if (connections_ == 2) text += ", reconnected once";
  if (connections_ > 2) text += ", reconnected " + std::to_string(connections_ - 1) + " times";
  note(text);
  return code_;
}

void Session::connect() {
  auto call = plan_.call(wall_now());
  if (!call) {
    note(call.error().message);
    return finish(kUsage);
  }
  ListenSocket::Handlers handlers;
  handlers.on_open = [this, call = *call] { on_open(call); };
  handlers.on_message = [this](std::string_view message, bool is_binary) { on_message(message, is_binary); };
  handlers.on_sent = [this] {
    if (is_open_) input_.resume();
  };
  handlers.on_end = [this, call = *call](const ListenEnd& end) { on_end(call, end); };
  socket_ = ListenSocket::open(io_, *call, std::move(handlers));
}

void Session::on_open(const ListenCall& call) {
  ++connections_;
  is_open_ = true;
  opened_at_ = mono_now();
  note("connected to " + call.shown());
  for (const std::string& hello : call.hellos) socket_->send(hello);
  if (call.hellos.empty()) input_.resume();  // otherwise on_sent
}

void Session::on_message(std::string_view message, bool is_binary) {
  if (is_closing_) return;
  const std::string line = message_line(message, is_binary, wall_now(), style_) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0) {
    note("standard output cannot be written");
    return finish(kFailed);
  }
  ++messages_;
  if (messages_ == arguments_.count) close();
}

void Session::on_end(const ListenCall& call, const ListenEnd& end) {
  socket_.reset();
  // One that is closed soon after it opened will be closed again: the waits go on growing.
  if (std::exchange(is_open_, false) && mono_now() - opened_at_ >= kStable) delay_.reset();
  input_.pause();
  if (is_closing_) return finish(0);
  switch (end.kind) {
    case ListenEnd::Kind::closed: {
      const std::string reason = shown_text(end.reason, call.secret, kShownBytesMax);
      note("closed by the server: " + std::to_string(end.code) +
           (reason.empty() ? "" : " \"" + reason + "\"") + " (" + std::string(meaning_of_close(end.code)) +
           ")");
      return end_or_retry(end.code != 1000, end.code == 1000 ? 0 : kFailed);
    }
    case ListenEnd::Kind::refused:
      note(call.shown() + ": refused with status " + std::to_string(end.status) + ": " +
           shown_text(end.body, call.secret, kShownBytesMax));
      if (end.status == 401) note("carillon token verify tells why a token is refused");
      return end_or_retry(may_pass_later(end.status), kFailed);
    case ListenEnd::Kind::failed:
      break;
  }
  note(call.shown() + ": " + end.why);
  end_or_retry(true, kFailed);
}

// A first connection that fails is most often a mistake in the arguments, so it is not repeated.
void Session::end_or_retry(bool may_retry, int code) {
  if (!may_retry || !arguments_.reconnect || connections_ == 0) return finish(code);
  const milliseconds delay = delay_.next();
  note("reconnecting in " + shown_seconds(delay));
  timer_.expires_after(delay);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !is_closing_) connect();
  });
}

void Session::send(std::string line) {
  if (socket_ && is_open_ && !is_closing_) socket_->send(std::move(line));
}

void Session::close() {
  is_closing_ = true;
  input_.pause();
  if (!socket_ || !is_open_) return finish(0);
  socket_->close();
  timer_.expires_after(kClosePatience);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) finish(0);
  });
}

// The second signal does not wait for the server.
void Session::on_signal() {
  if (is_closing_) return finish(0);
  signals_.async_wait([this](boost::system::error_code, int) { on_signal(); });
  close();
}

void Session::finish(int code) {
  code_ = code;
  io_.stop();
}

// The configuration with the endpoint: the file that is named, or else one at a default path that has the
// endpoint, or else what a running dev serves.
Result<ClientConfig> config_for(const ListenArguments& arguments) {
  auto found = find_client_config(arguments.config_file);
  if (!arguments.config_file.empty()) return found;
  const bool has_it = found && found->endpoint(arguments.endpoint).has_value();
  // Without a file `found` is what dev serves without arguments. What the running one serves counts, unless
  // the token shall have another subject than those of its page.
  if (has_it && (!default_config_path().empty() || arguments.subject != kPageSubject)) return found;
  const auto url = arguments.url.empty() ? default_gateway_url() : parse_web_url(arguments.url, "ws", "wss");
  auto running = url ? running_dev_config(*url) : std::nullopt;
  if (!running) return found;
  const auto endpoint = running->endpoint(arguments.endpoint);
  if (has_it && !endpoint) return found;
  if (endpoint && (*endpoint)->auth.mode != config::AuthMode::none && arguments.token.empty() &&
      arguments.subject != kPageSubject) {
    return failure("--sub: the token of " + running->source + " is for the user " +
                   std::string(kPageSubject) + "; leave --sub out, or give a token with --token");
  }
  return *std::move(running);
}

// A message of what is missing; nothing: the arguments can be used.
std::optional<std::string> fault_of(const ListenArguments& arguments) {
  if (arguments.url.empty() && arguments.endpoint.empty()) {
    return "write a URL such as ws://127.0.0.1:8000/ws, or --endpoint NAME for one of the configuration";
  }
  return std::nullopt;
}

}  // namespace

int run_listen(const ListenArguments& arguments) {
  if (const auto fault = fault_of(arguments)) return fail(*fault, kUsage);
  std::optional<ClientConfig> config;
  if (!arguments.endpoint.empty()) {
    auto found = config_for(arguments);
    if (!found) return fail(found.error().message, kUsage);
    config = *std::move(found);
  }
  const auto plan = ListenPlan::make(arguments, config ? &*config : nullptr);
  if (!plan) return fail(plan.error().message, kUsage);
  if (const auto call = plan->call(wall_now()); !call) return fail(call.error().message, kUsage);
  return Session(*plan, arguments).run();
}

}  // namespace carillon::app
