#include "app/command/gateway_address.h"

namespace carillon::app {

Result<GatewayAddress> first_address(const config::ServerSettings& server) {
  bool has_unknown_port = false;
  for (const config::ListenSettings& listen : server.listen) {
    if (listen.proxy_protocol == config::ProxyProtocol::on) continue;
    has_unknown_port |= listen.port == 0;
    if (listen.port == 0) continue;
    GatewayAddress address{{listen.tls != nullptr, listen.host, std::to_string(listen.port), "/"}, {}};
    if (address.url.host == "0.0.0.0") address.url.host = "127.0.0.1";
    if (address.url.host == "::") address.url.host = "::1";
    if (listen.tls) address.trust.certificate_pem = listen.tls->cert_pem;
    return address;
  }
  if (has_unknown_port) return failure("server.listen has the port 0, so that the system chooses one");
  return failure("every address of server.listen expects the PROXY protocol");
}

WebUrl default_gateway_url() { return {false, "127.0.0.1", "8000", "/"}; }

}  // namespace carillon::app
