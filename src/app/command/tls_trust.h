// Which certificate a verb accepts from the server that it connects to, for Boost.Asio's TLS streams.
#pragma once

#include <string>

namespace boost::asio::ssl {
class context;
}
struct ssl_st;

namespace carillon::app {

struct TlsTrust {
  bool is_checked = true;  // false: any certificate will do
  std::string ca_file;     // certificate authorities to trust instead of the machine's; empty: the machine's
  std::string
      certificate_pem;  // exactly this certificate is accepted, whatever names it has; empty: not used
};

// Prepares a context for connections with this trust. Returns why that is not possible; empty: it is.
std::string set_trust(boost::asio::ssl::context& context, const TlsTrust& trust);

// Sets the name that the server's certificate must have, before the handshake.
void name_server(ssl_st* connection, const std::string& host, const TlsTrust& trust);

// After the handshake: what is wrong with the certificate; empty: nothing.
std::string fault_of_peer(ssl_st* connection, const TlsTrust& trust);

}  // namespace carillon::app
