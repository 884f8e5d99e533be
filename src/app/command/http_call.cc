// By Boost.Beast's client.
#include "app/command/http_call.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace carillon::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::uint64_t kAnswerBytesMax = 16 * 1024 * 1024;

using Request = beast::http::request<beast::http::string_body>;
using Parser = beast::http::response_parser<beast::http::string_body>;

Request request_of(const HttpCall& call) {
  Request request(beast::http::string_to_verb(call.method), call.url.target, 11);
  request.set(beast::http::field::host, call.url.authority());
  request.set(beast::http::field::connection, "close");
  for (const auto& [name, value] : call.headers) request.set(name, value);
  request.body() = call.body;
  request.prepare_payload();
  return request;
}

// A step of the exchange: remembers its error, and goes on with `then` when there is none.
template <class Then>
auto step(beast::error_code& error, Then then) {
  return [&error, then](beast::error_code result, auto&&...) {
    error = result;
    if (!result) then();
  };
}

// Writes the request and reads the answer on a stream that is connected; the deadline is on its lowest layer.
template <class Stream>
void converse(Stream& stream, const Request& request, beast::flat_buffer& buffer, Parser& parser,
              beast::error_code& error) {
  const auto read = [&] { beast::http::async_read(stream, buffer, parser, step(error, [] {})); };
  beast::http::async_write(stream, request, step(error, read));
}

std::string text_of(const beast::error_code& error) {
  if (error == beast::error::timeout) return "no answer in time";
  if (error == beast::http::error::end_of_stream) return "the connection was closed without an answer";
  return error.message();
}

}  // namespace

Result<HttpAnswer> exchange(const HttpCall& call) {
  asio::io_context io;
  asio::ssl::context context(asio::ssl::context::tls_client);
  if (call.url.is_tls) {
    if (std::string fault = set_trust(context, call.trust); !fault.empty()) return failure(std::move(fault));
  }
  beast::error_code error;
  beast::ssl_stream<beast::tcp_stream> stream(io, context);
  if (call.url.is_tls) name_server(stream.native_handle(), call.url.host, call.trust);
  asio::ip::tcp::resolver resolver(io);
  const auto addresses = resolver.resolve(call.url.host, call.url.port, error);
  if (error) return failure(error.message());

  const Request request = request_of(call);
  beast::flat_buffer buffer;
  Parser parser;
  parser.body_limit(kAnswerBytesMax);
  beast::tcp_stream& plain = stream.next_layer();
  plain.expires_after(call.patience);
  std::string distrust;
  const auto on_secure = [&] {
    distrust = fault_of_peer(stream.native_handle(), call.trust);
    if (distrust.empty()) converse(stream, request, buffer, parser, error);
  };
  const auto secure = [&] { stream.async_handshake(asio::ssl::stream_base::client, step(error, on_secure)); };
  plain.async_connect(addresses, step(error, [&] {
                        if (call.url.is_tls) return secure();
                        converse(plain, request, buffer, parser, error);
                      }));
  io.run();
  if (!distrust.empty()) return failure(distrust);
  if (error) return failure(text_of(error));
  return HttpAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace carillon::app
