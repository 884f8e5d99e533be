// By Boost.Beast's WebSocket client.
#include "app/command/listen_socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <type_traits>
#include <utility>

namespace carillon::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using beast::error_code;

constexpr std::size_t kBodyShownMax = 1024 * 1024;

template <class Next>
class Socket final : public ListenSocket, public std::enable_shared_from_this<Socket<Next>> {
 public:
  template <class... Arguments>
  Socket(asio::io_context& io, const ListenCall& call, Handlers handlers, Arguments&&... arguments)
      : call_(call), handlers_(std::move(handlers)), resolver_(io), stream_(io, arguments...) {}

  void start() {
    resolver_.async_resolve(call_.url.host, call_.url.port,
                            [self = this->shared_from_this()](error_code error, const auto& addresses) {
                              if (error) return self->fail(error);
                              self->connect(addresses);
                            });
  }
  void send(std::string text) override {
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write();
  }
  void close() override {
    stream_.async_close(websocket::close_code::normal, [self = this->shared_from_this()](error_code error) {
      ListenEnd end;
      end.kind = ListenEnd::Kind::closed;
      end.code = websocket::close_code::normal;
      if (error && error != websocket::error::closed) return self->fail(error);
      self->finish(end);
    });
  }

  // Once, whichever of the operations under way notices the end first.
  void finish(const ListenEnd& end) {
    if (std::exchange(ended_, true)) return;
    beast::get_lowest_layer(stream_).close();
    handlers_.on_end(end);
  }

 private:
  static constexpr bool kIsTls = !std::is_same_v<Next, beast::tcp_stream>;

  void connect(const asio::ip::tcp::resolver::results_type& addresses) {
    beast::get_lowest_layer(stream_).expires_after(kHandshakePatience);
    beast::get_lowest_layer(stream_).async_connect(
        addresses, [self = this->shared_from_this()](error_code error, const auto&) {
          if (error) return self->fail(error);
          self->secure();
        });
  }
  void secure() {
    if constexpr (kIsTls) {
      name_server(stream_.next_layer().native_handle(), call_.url.host, call_.trust);
      stream_.next_layer().async_handshake(
          asio::ssl::stream_base::client, [self = this->shared_from_this()](error_code error) {
            if (error) return self->fail(error);
            ListenEnd end;
            end.why = fault_of_peer(self->stream_.next_layer().native_handle(), self->call_.trust);
            if (!end.why.empty()) return self->finish(end);
            self->upgrade();
          });
    } else {
      upgrade();
    }
  }
  void upgrade() {
    beast::get_lowest_layer(stream_).expires_never();  // the WebSocket has its own times
    stream_.set_option(websocket::stream_base::timeout{kHandshakePatience, kSilence, true});
    stream_.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "carillon/" CARILLON_VERSION);
      for (const auto& [name, value] : call_.headers) request.set(name, value);
      std::string offered;
      for (const std::string& each : call_.subprotocols) offered += (offered.empty() ? "" : ", ") + each;
      if (!offered.empty()) request.set(beast::http::field::sec_websocket_protocol, offered);
    }));
    stream_.read_message_max(kMessageBytesMax);
    stream_.async_handshake(
        answer_, call_.url.authority(), call_.url.target,
        [self = this->shared_from_this()](error_code error) { self->on_upgraded(error); });
  }
  void on_upgraded(error_code error) {
    if (error == websocket::error::upgrade_declined) {
      ListenEnd end;
      end.kind = ListenEnd::Kind::refused;
      end.status = static_cast<int>(answer_.result_int());
      end.body = answer_.body().substr(0, kBodyShownMax);
      return finish(end);
    }
    if (error) return fail(error);
    handlers_.on_open();
    read();
  }

  void read() {
    stream_.async_read(buffer_, [self = this->shared_from_this()](error_code error, std::size_t) {
      if (error) return self->on_read_error(error);
      const auto data = self->buffer_.cdata();
      if (!self->ended_) {
        self->handlers_.on_message({static_cast<const char*>(data.data()), data.size()},
                                   self->stream_.got_binary());
      }
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }
  void on_read_error(error_code error) {
    if (error != websocket::error::closed) return fail(error);
    ListenEnd end;
    end.kind = ListenEnd::Kind::closed;
    end.code = stream_.reason().code == 0 ? 1005 : stream_.reason().code;
    end.reason = {stream_.reason().reason.data(), stream_.reason().reason.size()};
    finish(end);
  }

  void write() {
    stream_.text(true);
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = this->shared_from_this()](error_code error, std::size_t) {
                          if (error) return;  // the read that is under way reports it
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) return self->write();
                          if (!self->ended_) self->handlers_.on_sent();
                        });
  }

  void fail(error_code error) {
    ListenEnd end;
    end.why = text_of(error);
    finish(end);
  }
  static std::string text_of(error_code error) {
    if (error == beast::error::timeout) return "no answer in time";
    if (error == websocket::error::message_too_big) return "a message is longer than 16 MiB";
    if (error == beast::http::error::end_of_stream || error == asio::error::eof) {
      return "the connection was closed without a close frame";
    }
    return error.message();
  }
  const ListenCall call_;
  const Handlers handlers_;
  asio::ip::tcp::resolver resolver_;
  websocket::stream<Next> stream_;
  websocket::response_type answer_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;  // the first one is being sent
  bool ended_ = false;
};

using PlainSocket = Socket<beast::tcp_stream>;
using SecureSocket = Socket<beast::ssl_stream<beast::tcp_stream>>;

}  // namespace

std::shared_ptr<ListenSocket> ListenSocket::open(asio::io_context& io, const ListenCall& call,
                                                 Handlers handlers) {
  if (!call.url.is_tls) {
    auto socket = std::make_shared<PlainSocket>(io, call, std::move(handlers));
    socket->start();
    return socket;
  }
  asio::ssl::context context(asio::ssl::context::tls_client);  // its streams have a reference of their own
  ListenEnd end;
  end.why = set_trust(context, call.trust);
  auto socket = std::make_shared<SecureSocket>(io, call, std::move(handlers), context);
  if (end.why.empty()) {
    socket->start();
  } else {
    asio::post(io, [socket, end] { socket->finish(end); });
  }
  return socket;
}

}  // namespace carillon::app
