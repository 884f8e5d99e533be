// The tls table of a listen address: { cert = "path.pem", key = "path.pem" }. The files are read when the
// configuration is, so that `carillon check` finds what is wrong with them; whether the key belongs to the
// certificate is judged where OpenSSL is (client/tls_contexts.h).
#pragma once

#include <memory>
#include <string>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

// Null where it reports a fault.
std::shared_ptr<const ListenTls> read_listen_tls(const Place& place, Reading& reading);
std::string show_listen_tls(const ListenTls& tls);  // as TOML; paths only

}  // namespace carillon::config
