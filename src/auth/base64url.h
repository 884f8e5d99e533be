// Strict base64url without padding (RFC 4648 section 5, RFC 7515 section 2): each byte string has exactly one
// spelling. Padding, white space, `+` and `/`, an impossible length and unused bits in the last letter are
// refused, so that a token cannot be spelt differently and stay valid.
//
// Thread: any. Pure.
#pragma once

#include <string>
#include <string_view>

namespace carillon::auth {

// Replaces `out`. Returns false, with `out` unspecified, when `text` is not canonical.
bool decode_base64url(std::string_view text, std::string& out);

std::string encode_base64url(std::string_view bytes);

}  // namespace carillon::auth
