// Detects requests that a web page of another site made. A route without a key trusts every client that can
// reach the port, and a browser in that network would otherwise extend this trust to every page it shows.
//
// Thread: any; pure.
#pragma once

#include "auth/origin.h"
#include "http/request_head.h"

namespace carillon::api {

// Returns true when `Origin` is present and is neither the request's own host and port nor one of `allowed`,
// and when `Sec-Fetch-Site` is `cross-site` without an allowed Origin. No current browser sends a request for
// another site's page without either header, so such a request counts as one of our own site.
bool is_from_another_site(const http::RequestHead& head, const auth::OriginPolicy& allowed);

}  // namespace carillon::api
