// Fetches key sets with libcurl, on a thread of its own.
//
// libcurl and the libraries that it needs are loaded when the first fetcher is made, so that a gateway
// without such key sets neither needs them nor pays for them.
#pragma once

#include <memory>

#include "auth/key_set_fetcher.h"
#include "base/result.h"

namespace carillon::fetch {

// Several fetches run at the same time; none delays another. Certificates are verified, and http is used only
// where the URL has it. Fails when libcurl is not installed, with a message that names the Debian package.
Result<std::unique_ptr<auth::KeySetFetcher>> make_curl_fetcher();

}  // namespace carillon::fetch
