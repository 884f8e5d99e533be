// ListenSocket: one WebSocket connection of `carillon listen`, by Boost.Beast.
//
// Thread: the one that runs the io_context. Pings are answered; a server that is silent for a minute is sent
// one, and must answer it. Handlers are called from the io_context, never from a method, and none after
// on_end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/command/listen_plan.h"
#include "base/time.h"

namespace boost::asio {
class io_context;
}

namespace carillon::app {

// How a connection ended.
struct ListenEnd {
  enum class Kind : std::uint8_t {
    closed,   // by a close frame
    refused,  // an answer to the upgrade that is not 101
    failed    // anything else: no connection, no certificate, a broken connection
  };
  Kind kind = Kind::failed;
  std::uint16_t code = 0;  // of a close frame; 1005: it has none
  std::string reason;      // of a close frame
  int status = 0;          // of a refusal
  std::string body;        // of a refusal, at most 1 MiB
  std::string why;         // of a failure
};

class ListenSocket {
 public:
  static constexpr std::size_t kMessageBytesMax = 16 * 1024 * 1024;  // a longer one ends the connection
  static constexpr seconds kHandshakePatience{10};                   // from the first address to the 101
  static constexpr seconds kSilence{60};

  struct Handlers {
    std::function<void()> on_open;
    std::function<void(std::string_view message, bool is_binary)> on_message;
    std::function<void()> on_sent;  // nothing waits to be sent any more
    std::function<void(const ListenEnd&)> on_end;
  };
  // Returns a connection that begins to connect. It stays alive until it has ended, also without its owner.
  static std::shared_ptr<ListenSocket> open(boost::asio::io_context& io, const ListenCall& call,
                                            Handlers handlers);
  virtual ~ListenSocket() = default;

  // Sends a text message after those that were sent before. Only while it is open.
  virtual void send(std::string text) = 0;
  // Sends a close frame with 1000. on_end comes when the server has answered it.
  virtual void close() = 0;
};

}  // namespace carillon::app
