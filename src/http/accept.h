// The Accept header (RFC 9110 section 12.5.1).
//
// Any thread; pure.
#pragma once

#include <string_view>

#include "http/request_head.h"

namespace carillon::http {

// Returns how much the request prefers a media type that its Accept headers name: 1 to 1000 thousandths, the
// weight `q`. 0 when they do not name it, or refuse it. Wildcards name nothing: a browser that opens a page
// sends
// */*, and does not expect a stream.
int preference_for(const RequestHead& head, std::string_view media_type);

}  // namespace carillon::http
