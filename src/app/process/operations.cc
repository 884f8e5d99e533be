#include "app/process/operations.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "app/process/handover.h"
#include "app/process/history_transfer.h"

namespace carillon::app {

Operations::Operations(Parts parts) : parts_(parts), admin_(parts.api, actions()) {}

Operations::~Operations() {
  if (history_writer_.joinable()) history_writer_.join();
}

api::AdminActions Operations::actions() {
  api::AdminActions actions;
  actions.reload = [this](gateway::Node::Removed removed, std::function<void(api::ReloadReport)> done) {
    if (parts_.reloader) return parts_.reloader->request("admin request", removed, std::move(done));
    done({{"this process was started without a configuration file"}, {}, {}});
  };
  actions.offer_sockets = [this](const auto& respond) {
    parts_.gateway.main_loop().post_always([this, respond] { offer_sockets(respond); });
  };
  actions.offer_history = [this](std::string marker, const auto& respond) {
    parts_.gateway.main_loop().post_always(
        [this, marker = std::move(marker), respond] { offer_history(marker, respond); });
  };
  actions.hand_over = [this](const auto& respond) {
    parts_.gateway.main_loop().post_always([this, respond] { hand_over(respond); });
  };
  return actions;
}

void Operations::offer_sockets(const api::AdminServer::Respond& respond) {
  const config::Settings& settings = parts_.gateway.node().settings();
  const auto refuse = [&respond](std::string_view why) { respond(http::error_response(409, why)); };
  if (parts_.policy.is_draining()) return refuse("it is shutting down already");
  if (settings.bus.url == "memory:")
    return refuse("events of an in-process bus (memory:) stay in the process");
  parts_.gateway.copy_sockets([this, respond](std::vector<gateway::SocketCopy> copies) {
    respond(handover_answer(std::move(copies)));
  });
}

api::AdminServer::Answer Operations::handover_answer(std::vector<gateway::SocketCopy> copies) {
  auto descriptors = std::make_shared<std::vector<reactor::FileDescriptor>>();
  std::vector<client::ListenerOptions> options;
  for (gateway::SocketCopy& copy : copies) {
    if (!copy.socket) return http::error_response(409, "it has no file descriptor left");
    descriptors->push_back(std::move(copy.socket));
    options.push_back(std::move(copy.options));
  }
  http::Response response;
  response.body = handover_message(
      ::getpid(), parts_.manager.watchdog(), options, parts_.gateway.node().settings().server.listen,
      parts_.gateway.ticket_keys()->keys(), parts_.gateway.node().history_handover().numbers());
  api::AdminServer::Answer answer(std::move(response));
  answer.descriptors = std::move(descriptors);
  parts_.log.info("listening sockets were handed to another process");
  return answer;
}

void Operations::offer_history(std::string_view marker, const api::AdminServer::Respond& respond) {
  if (parts_.policy.is_draining()) return respond(http::error_response(409, "it is shutting down already"));
  parts_.gateway.node().history_handover().offer(marker, [this, respond](auto offered) {
    if (!offered) return respond(http::error_response(409, offered.error().message));
    send_history(std::move(*offered), respond);
  });
}

// Writing it takes a second for each few hundred megabytes, in which loop 0 goes on. The records are
// immutable.
void Operations::send_history(gateway::OfferedHistory offered, const api::AdminServer::Respond& respond) {
  if (history_writer_.joinable()) history_writer_.join();
  history_writer_ = std::thread([offered = std::move(offered), respond] {
    auto file = write_history_file(offered);
    if (!file) return respond(http::error_response(409, file.error().message));
    http::Response response;
    response.body = history_message(offered);
    api::AdminServer::Answer answer(std::move(response));
    auto descriptors = std::make_shared<std::vector<reactor::FileDescriptor>>();
    descriptors->push_back(std::move(*file));
    answer.descriptors = std::move(descriptors);
    respond(std::move(answer));
  });
}

void Operations::hand_over(const api::AdminServer::Respond& respond) {
  if (parts_.policy.is_draining()) return respond(http::error_response(409, "it is shutting down already"));
  parts_.policy.hand_over();
  server_->stop_listening();
  http::Response response;
  response.body = R"({"draining":true})";
  respond(std::move(response));
}

Result<std::monostate> Operations::open(reactor::UnixListener::Existing existing) {
  const config::Settings& settings = parts_.gateway.node().settings();
  if (settings.server.control.empty() && settings.admin.listen.empty()) return std::monostate{};
  auto started = api::AdminServer::start(
      settings.server.control, settings.admin, parts_.api.admin_counters(), parts_.log,
      [this](const auto& request, const auto& respond) { admin_.handle(request, respond); }, existing);
  if (!started) return tl::unexpected(started.error());
  server_ = std::move(*started);
  return std::monostate{};
}

void Operations::use(const config::Settings& settings) {
  if (server_) server_->set_keys(settings.admin.keys);
}

}  // namespace carillon::app
