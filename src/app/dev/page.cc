#include "app/dev/page.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "api/cross_site.h"
#include "api/refusals.h"
#include "app/dev/page_assets.h"
#include "http/authority.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

constexpr std::string_view kStatePath = "/dev/state";
constexpr std::string_view kPublishPath = "/dev/publish";
constexpr std::string_view kApiPath = "/v1/publish";
constexpr std::string_view kNonceHeader = "X-Carillon-Nonce";
constexpr std::size_t kIgnoredBodyBytesMax = 1024;  // of a GET
constexpr std::size_t kBodyBytesMax = 64 * 1024;    // of what is published from the page
constexpr std::array<std::string_view, 3> kHosts = {"localhost", "127.0.0.1", "[::1]"};
constexpr std::array<std::string_view, 4> kProxyHeaders = {"Forwarded", "X-Forwarded-For", "X-Real-IP",
                                                           "Via"};

bool is_of_the_page(std::string_view path) {
  return path == kStatePath || path == kPublishPath || page_asset(path).has_value();
}

// The Host, when it names this machine.
std::optional<http::Authority> local_host(const http::RequestHead& head) {
  const auto authority = http::parse_authority(head.authority);
  if (!authority) return std::nullopt;
  const bool is_local = std::any_of(kHosts.begin(), kHosts.end(), [&](std::string_view host) {
    return http::equal_ignoring_case(authority->host, host);
  });
  return is_local ? authority : std::nullopt;
}

// Why this request may not see the page; empty: it may.
std::string_view fault_of(const http::RequestHead& head, const client::Requester& requester) {
  if (!requester.address.is_loopback()) {
    return "this page is served to browsers on the gateway's own machine only";
  }
  if (std::any_of(kProxyHeaders.begin(), kProxyHeaders.end(),
                  [&](std::string_view name) { return head.count(name) > 0; })) {
    return "this page is not served through a proxy; open it on the gateway's own machine";
  }
  if (!local_host(head)) return "open this page as localhost, 127.0.0.1 or [::1]; other names are refused";
  return {};
}

// 'self' covers ws: of the same host in current browsers, but not in older ones of Apple's. `authority` has
// been parsed, so it has nothing that could end the directive.
std::string content_security_policy(std::string_view authority) {
  std::string sources = "'self'";
  if (!authority.empty()) {
    sources += " ws://" + std::string(authority) + " wss://" + std::string(authority);
  }
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " + sources +
         "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

http::Response secured(http::Response response, std::string_view authority) {
  response.headers.emplace_back("Content-Security-Policy", content_security_policy(authority));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return response;
}

http::Response refused(int status, std::string_view why) {
  http::Response response = api::refusal(status, why);
  response.refusal = http::RefusalNote{"dev_page", std::string(why)};
  return secured(std::move(response), {});
}

}  // namespace

DevPage::DevPage(Secret nonce) : nonce_(std::move(nonce)), state_(std::string("{\"endpoints\":[]")) {}

void DevPage::show(std::string state) { state_.replace(std::move(state)); }

client::HttpHandler::Judgement DevPage::judge(const http::RequestHead& head,
                                              const client::Requester& requester) {
  Judgement judged = api_->judge(head, requester);
  if (!std::holds_alternative<NotMine>(judged) || !is_of_the_page(head.raw_path)) return judged;
  if (const std::string_view fault = fault_of(head, requester); !fault.empty()) return refused(403, fault);
  if (head.raw_path == kPublishPath) return judge_publish(head);
  if (head.method != "GET" && head.method != "HEAD") {
    return secured(api::method_not_allowed("GET, HEAD"), {});
  }
  // A link of another site may lead to the page; nothing of another site may load what the page is made of.
  if (head.raw_path != "/" && api::is_from_another_site(head, {})) {
    return refused(403, "a page of another site may not load this");
  }
  return TakeBody{kIgnoredBodyBytesMax};
}

client::HttpHandler::Judgement DevPage::judge_publish(const http::RequestHead& head) const {
  if (head.method != "POST") return secured(api::method_not_allowed("POST"), {});
  if (api::is_from_another_site(head, {})) return refused(403, "a page of another site may not publish");
  const bool has_nonce = head.count(kNonceHeader) == 1 && !nonce_.empty() &&
                         equal_in_constant_time(*head.header(kNonceHeader), nonce_.reveal());
  if (!has_nonce) return refused(403, "the nonce of this page is not valid any more: load the page again");
  if (!api::is_json(head)) return refused(415, "send Content-Type: application/json");
  return TakeBody{kBodyBytesMax};
}

http::Response DevPage::read(std::string_view path) const {
  http::Response response;
  if (path == kStatePath) {
    response.body = *state_.get() + ",\"nonce\":";
    json::append_string(response.body, nonce_.reveal());
    response.body += '}';
    return response;
  }
  const auto asset = page_asset(path);
  response.content_type = asset->content_type;
  response.body = asset->text;
  return response;
}

// A path of the page comes here only when judge() has found that it is not the Api's.
std::optional<http::Response> DevPage::handle(const http::RequestHead& head, std::string body,
                                              const client::Requester& requester, client::Responder later) {
  const bool is_ours =
      is_of_the_page(head.raw_path) && std::holds_alternative<NotMine>(api_->judge(head, requester));
  if (!is_ours) return api_->handle(head, std::move(body), requester, std::move(later));
  const std::string authority(head.authority);
  if (head.raw_path != kPublishPath) return secured(read(head.raw_path), authority);
  // The API's own work, with its limits and counters; only the key was replaced by the nonce.
  http::RequestHead publish;
  publish.method = "POST";
  publish.raw_path = kApiPath;
  publish.path = kApiPath;
  auto answer = api_->handle(
      publish, std::move(body), requester,
      [later = std::move(later)](http::Response response) { later(secured(std::move(response), {})); });
  if (!answer) return std::nullopt;  // it comes by `later`
  return secured(std::move(*answer), {});
}

Secret random_nonce() {
  std::array<std::uint8_t, 16> bytes{};
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return Secret();
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return Secret(std::move(text));
}

}  // namespace carillon::app
