// The WebSocket parts of the opening handshake (RFC 6455 sections 4.2 and 9.1, RFC 7692 section 7.1):
// the key, its answer, and which extension is answered. Pure functions, any thread. The HTTP around
// them is http's.
//
// Carillon answers one extension: permessage-deflate without context takeover, so that a connection holds
// no compression state; and one subprotocol of those that the endpoint lists.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace carillon::websocket {

// Returns whether this is the canonical base64 of exactly 16 bytes, as Sec-WebSocket-Key must be
// (section 4.1).
bool is_valid_key(std::string_view key);

// What Sec-WebSocket-Accept answers to this key (section 4.2.2, 5.4): always 28 characters.
std::string accept_key(std::string_view key);

// Extensions looked at in one request, over all its header lines; with more it is malformed.
inline constexpr std::size_t kExtensionOffersMax = 16;
// Parameters of one extension; likewise.
inline constexpr std::size_t kExtensionParametersMax = 16;

// The extension to answer in the handshake.
struct ExtensionAnswer {
  enum class Kind {
    none,       // answer no extension: nothing offered that we can take
    deflate,    // answer Sec-WebSocket-Extensions: `response`, and read with Compression::negotiated
    malformed,  // not the grammar of section 9.1, or hostile in its length: answer 400
  };
  Kind kind = Kind::none;
  std::string_view response;  // a literal; empty but for Kind::deflate
};

// `offers` is the value of all Sec-WebSocket-Extensions lines, joined by commas in their order; empty
// where there is none. The first offer of permessage-deflate that we can take is taken. One with an
// unknown, repeated or bad parameter is declined (RFC 7692 section 7.1), and so is one that demands a
// server window below 2^15, which our compressor cannot promise.
ExtensionAnswer negotiate(std::string_view offers);

// Subprotocols looked at in one request, over all its header lines; those beyond are not offered.
inline constexpr std::size_t kSubprotocolOffersMax = 64;

// Chooses the first subprotocol of `offers` that is in `spoken`, which is the client's preference (section
// 4.2.2, 5.5). `offers` is the value of all Sec-WebSocket-Protocol lines, joined by commas in their order.
// The names are compared exactly; what is not in the grammar matches nothing. Returns a view into `spoken`;
// empty: answer without that header.
std::string_view choose_subprotocol(std::string_view offers, std::span<const std::string> spoken);

}  // namespace carillon::websocket
