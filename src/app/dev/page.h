#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/snapshot.h"
#include "client/http_handler.h"

namespace carillon::app {

// DevPage: the web page of `carillon dev`, in front of the Api. Its paths are `/` and some below `/dev/`;
// every other request, and one for a path that a route of the user's has, goes to the Api.
//
// The page has tokens and publishes without the API key, so it is for a browser on this machine only. A
// request must come from a loopback address, and no proxy may have passed it on. Its Host must name this
// machine, or a page whose name resolves to 127.0.0.1 could read the answers (DNS rebinding). Publishing also
// needs the nonce, which only a script of the page itself can read.
//
// Thread: every shard's. put_before() is called before the gateway starts; show() on any thread.
class DevPage final : public client::HttpHandler {
 public:
  // `nonce`: what a POST must present; empty: nothing can be published.
  explicit DevPage(Secret nonce);
  // Sets the handler behind the page, which outlives it.
  void put_before(client::HttpHandler& api) { api_ = &api; }
  // What GET /dev/state answers from now on: a JSON object without its closing brace, to which the nonce is
  // added.
  void show(std::string state);

  Judgement judge(const http::RequestHead& head, const client::Requester& requester) override;
  std::optional<http::Response> handle(const http::RequestHead& head, std::string body,
                                       const client::Requester& requester, client::Responder later) override;
  bool is_essential(const http::RequestHead& head) const override { return api_->is_essential(head); }

 private:
  http::Response read(std::string_view path) const;
  Judgement judge_publish(const http::RequestHead& head) const;

  const Secret nonce_;
  Snapshot<std::string> state_;
  client::HttpHandler* api_ = nullptr;
};

// A nonce that cannot be guessed: 32 hexadecimal digits. Empty when the system has no randomness.
Secret random_nonce();

}  // namespace carillon::app
