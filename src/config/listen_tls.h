// The tls table of a listen address: { cert = "path.pem", key = "path.pem" }. The files are read together
// with the configuration, so that `carillon check` finds what is wrong with them. client/tls_contexts.h
// checks with OpenSSL whether the key belongs to the certificate.
#pragma once

#include <memory>
#include <string>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

// Returns null when it reports a fault.
std::shared_ptr<const ListenTls> read_listen_tls(const Place& place, Reading& reading);
std::string show_listen_tls(const ListenTls& tls);  // as TOML; paths only

}  // namespace carillon::config
