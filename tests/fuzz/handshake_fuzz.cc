// Any Sec-WebSocket-Extensions, any Sec-WebSocket-Protocol, any Sec-WebSocket-Key.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "websocket/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon::websocket;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ExtensionAnswer answer = negotiate(text);
  CARILLON_ASSERT((answer.kind == ExtensionAnswer::Kind::deflate) == !answer.response.empty());
  if (answer.kind == ExtensionAnswer::Kind::deflate) {
    CARILLON_ASSERT(text.find("permessage-deflate") != text.npos);
    // What we answer is itself an offer that we would take.
    CARILLON_ASSERT(negotiate(answer.response).response == answer.response);
  }
  const std::array<std::string, 2> spoken{"a", "chat.v1"};
  const std::string_view chosen = choose_subprotocol(text, spoken);
  CARILLON_ASSERT(chosen.empty() || text.find(chosen) != text.npos);
  CARILLON_ASSERT(!is_valid_key(text) || text.size() == 24);
  CARILLON_ASSERT(accept_key(text).size() == 28);
  return 0;
}
