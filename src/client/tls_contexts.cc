#include "client/tls_contexts.h"

#include <map>

#include "reactor/certificate_validity.h"
#include "reactor/listener.h"

namespace carillon::client {
namespace {

config::Problem problem_of(const config::ListenTls& tls, const reactor::TlsFault& fault) {
  const bool of_key = fault.in == reactor::TlsFault::In::key;
  const std::string& file = of_key ? tls.key_file : tls.cert_file;
  return {of_key ? tls.key_origin : tls.cert_origin, of_key ? tls.key_key : tls.cert_key,
          "the file \"" + file + "\" " + fault.message};
}

void warn_of_certificates(const config::ListenTls& tls, WallTime now, TlsContexts& all) {
  for (std::string& warning : reactor::certificate_warnings(tls.cert_pem, now)) {
    all.warnings.push_back(problem_of(tls, {reactor::TlsFault::In::certificate, std::move(warning)}));
  }
}

}  // namespace

std::vector<std::pair<std::string, WallTime>> certificate_expiries(
    const std::vector<config::ListenSettings>& listens) {
  std::vector<std::pair<std::string, WallTime>> all;
  for (const config::ListenSettings& listen : listens) {
    if (!listen.tls) continue;
    const auto expires_at = reactor::first_expiry(listen.tls->cert_pem);
    if (expires_at) all.emplace_back(reactor::SocketAddress{listen.host, listen.port}.text(), *expires_at);
  }
  return all;
}

TlsContexts make_tls_contexts(const std::vector<config::ListenSettings>& listens, WallTime now,
                              const std::shared_ptr<const reactor::TicketKeys>& tickets) {
  TlsContexts all;
  // "localhost" is two addresses with the same settings. They share a context, so that a ticket of one is
  // valid at the other.
  std::map<const config::ListenTls*, std::shared_ptr<const reactor::TlsContext>> made;
  for (const config::ListenSettings& listen : listens) {
    const config::ListenTls* const tls = listen.tls.get();
    if (tls != nullptr && !made.contains(tls)) {
      auto context = reactor::TlsContext::for_servers(tls->cert_pem, tls->key_pem.reveal(), tickets);
      if (!context) all.problems.push_back(problem_of(*tls, context.error()));
      if (context) warn_of_certificates(*tls, now, all);
      made[tls] = context ? std::move(*context) : nullptr;
    }
    all.by_listen.push_back(tls == nullptr ? nullptr : made[tls]);
  }
  return all;
}

}  // namespace carillon::client
