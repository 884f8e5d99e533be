// `carillon publish`: one event through the publish API, by Boost.Beast's client.
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "app/command/verbs.h"
#include "json/reader.h"
#include "json/validate.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr auto kPatience = std::chrono::seconds(10);

struct Url {
  std::string host;
  std::string port = "80";
};

std::optional<Url> parse_url(std::string text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.erase(0, kScheme.size());
  while (text.ends_with('/')) text.pop_back();
  Url url;
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) url.port = text.substr(colon + 1);
  url.host = text.substr(0, colon);
  if (url.host.starts_with('[') && url.host.ends_with(']'))
    url.host = url.host.substr(1, url.host.size() - 2);
  const bool plain = url.host.find('/') == std::string::npos && url.port.find('/') == std::string::npos;
  return plain && !url.host.empty() ? std::optional(url) : std::nullopt;
}

using Request = beast::http::request<beast::http::string_body>;
using Response = beast::http::response<beast::http::string_body>;

Request make_request(const Url& url, const PublishArguments& arguments, std::string_view key) {
  Request request(beast::http::verb::post, "/v1/publish", 11);
  request.set(beast::http::field::host, url.host + ":" + url.port);
  request.set(beast::http::field::authorization, "Bearer " + std::string(key));
  request.set(beast::http::field::content_type, "application/json");
  request.set(beast::http::field::connection, "close");
  {
    json::ObjectWriter writer(request.body());
    writer.member("channel", arguments.channel).raw_member("data", arguments.data);
  }
  request.prepare_payload();
  return request;
}

// Blocking, with a deadline over all of it.
Response exchange(const Url& url, const Request& request, beast::error_code& error) {
  asio::io_context io;
  beast::tcp_stream stream(io);
  beast::flat_buffer buffer;
  Response response;
  stream.expires_after(kPatience);
  asio::ip::tcp::resolver resolver(io);
  const auto addresses = resolver.resolve(url.host, url.port, error);
  if (error) return response;
  const auto next = [&error](auto then) {
    return [&error, then](beast::error_code result, auto&&...) {
      error = result;
      if (!result) then();
    };
  };
  const auto read = [&] { beast::http::async_read(stream, buffer, response, next([] {})); };
  const auto write = [&] { beast::http::async_write(stream, request, next(read)); };
  stream.async_connect(addresses, next(write));
  io.run();
  return response;
}

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
  const auto url = parse_url(arguments.url);
  if (!url) return fail("--url must look like http://127.0.0.1:8000");
  if (const auto judged = json::validate(arguments.data); !judged) {
    return fail("the event is not JSON: " + std::string(json::describe(judged.fault)));
  }
  beast::error_code error;
  const Response response = exchange(*url, make_request(*url, arguments, key), error);
  if (error) return fail(arguments.url + ": " + error.message());
  std::printf("%s\n", response.body().c_str());
  warn_of_unrouted(response.body());
  return response.result() == beast::http::status::ok ? 0 : 1;
}

}  // namespace carillon::app
