// Whether a web page of another site fired a request. A route without a key trusts whoever reaches the port,
// and a browser inside that network would otherwise lend this trust to every page that it shows.
//
// Thread: any; pure.
#pragma once

#include "auth/origin.h"
#include "http/request_head.h"

namespace carillon::api {

// True where `Origin` is there and neither names the request's own host and port nor is one of `allowed`, and
// where `Sec-Fetch-Site` is `cross-site` and no allowed Origin is there. A request with neither header does
// not come from a page of another site in any browser of today, and counts as our own.
bool is_from_another_site(const http::RequestHead& head, const auth::OriginPolicy& allowed);

}  // namespace carillon::api
