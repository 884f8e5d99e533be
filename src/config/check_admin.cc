// The admin side: its addresses and keys.
#include "config/check.h"
#include "config/listen_kind.h"
#include "config/text.h"

namespace carillon::config {
namespace {

bool is_every_address(const ListenSettings& listen) {
  return listen.host == "0.0.0.0" || listen.host == "::";
}

bool is_v6(const ListenSettings& listen) { return listen.host.find(':') != std::string::npos; }

// Whether a client of one can reach the other.
bool overlap(const ListenSettings& a, const ListenSettings& b) {
  if (a.port != b.port || a.port == 0 || is_v6(a) != is_v6(b)) return false;
  return a.host == b.host || is_every_address(a) || is_every_address(b);
}

}  // namespace

void check_admin(const Settings& settings, const Origin& file, Report& report) {
  for (const ListenSettings& listen : settings.admin.listen) {
    if (listen.tls || listen.proxy_protocol == ProxyProtocol::on) {
      report.error(listen.origin, "admin.listen",
                   cat({"\"", show_listen(listen),
                        "\" has tls or proxy_protocol, which the admin side does not "
                        "support; write a plain address, on loopback or in a private network"}));
    }
    for (const ListenSettings& served : settings.server.listen) {
      if (!overlap(listen, served)) continue;
      report.error(listen.origin, "admin.listen",
                   cat({"\"", show_listen(listen),
                        "\" is an address of server.listen, where clients connect; write "
                        "another port"}));
    }
  }
  if (!settings.admin.listen.empty() && settings.admin.keys.empty() && !report.has_error_at("admin.keys")) {
    report.error(
        file, "admin.keys",
        "there is none, and admin.listen requires one; write keys = [{ env = \"NAME\" }] in [admin]");
  }
  if (settings.admin.listen.empty() && !settings.admin.keys.empty()) {
    report.warning(file, "admin.keys",
                   "has no effect without admin.listen; write listen = [\"127.0.0.1:9000\"] in [admin]");
  }
}

}  // namespace carillon::config
