// Any Sec-WebSocket-Extensions, any Sec-WebSocket-Key.
#include <cstdint>
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
  CARILLON_ASSERT(!is_valid_key(text) || text.size() == 24);
  CARILLON_ASSERT(accept_key(text).size() == 28);
  return 0;
}
