// Parses a complete head with Boost.Beast's parser. Only HeadReader calls it.
#pragma once

#include <optional>
#include <string_view>

#include "http/request_head.h"

namespace carillon::http {

// `text` is a complete head inside head.bytes, from the request line to the empty line; each byte has been
// checked. Sets method, target, minor_version and headers, with views into `text`.
std::optional<Fault> parse_head(std::string_view text, RequestHead& head);

// Applies the rules that need the complete head: Host, Content-Length, Transfer-Encoding, Connection, Expect
// (RFC 9112 sections 3.2, 6 and 9.3), and sets the fields that they determine.
std::optional<Fault> judge_head(RequestHead& head);

}  // namespace carillon::http
