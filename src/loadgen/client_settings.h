#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/address.h"
#include "loadgen/marker.h"
#include "loadgen/text_template.h"
#include "websocket/opcode.h"

namespace carillon::loadgen {

// The transport that the clients use.
enum class Transport : std::uint8_t { websocket, sse };

// The part of the request that carries the token.
enum class TokenPlace : std::uint8_t { query, bearer };

// ClientSettings: what all clients of a run have in common, and what each of them sends first.
//
// Immutable once a run begins; shared by its threads.
struct ClientSettings {
  static constexpr std::uint32_t kNoClient = std::numeric_limits<std::uint32_t>::max();

  // A text message that equals `question` is answered and does not count as an event.
  struct Answer {
    std::string question;  // 1 to FrameCounter::kCollectedBytesMax bytes
    std::string answer;    // empty: nothing is sent
  };

  SocketAddress address;
  std::string host_header;
  ClientTemplate target;  // path and query
  Transport transport = Transport::websocket;
  // The token of a client; called on the threads of the clients, several at once. Without it: no token.
  std::function<std::string(std::uint32_t client)> token_of;
  TokenPlace token_place = TokenPlace::query;
  std::string token_param = "token";
  std::optional<std::uint32_t>
      sources;                         // how many addresses from 127.0.0.2 on; without it the system chooses
  std::vector<ClientTemplate> hellos;  // sent as soon as the connection is open
  std::vector<Answer> answers;
  websocket::Opcode opcode = websocket::Opcode::text;  // of hellos and answers
  std::optional<Marker> marker;                        // counts as one event; without it every message does
  std::uint32_t stall_from = kNoClient;                // clients from this number on never read
};

// The Sec-WebSocket-Key that every client sends. It need not be secret or random
// here.
std::string_view websocket_key();

// Returns the request of one client, up to the end of its head.
std::string request_of(const ClientSettings& settings, std::uint32_t client);

// Returns a socket that has begun to connect from this client's source address, or a negative errno.
int begin_connecting(const ClientSettings& settings, std::uint32_t client);

}  // namespace carillon::loadgen
