#include "config/listen_tls.h"

#include <optional>

#include "config/apply.h"
#include "config/path.h"
#include "config/value_kinds.h"

namespace carillon::config {
namespace {

constexpr std::string_view kExample = R"({ cert = "server.pem", key = "server.key" })";

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// A file that the configuration names, as it was read.
struct NamedFile {
  std::string path;
  std::string content;
};

// Nothing and a report where it cannot be read.
std::optional<NamedFile> file_at(const Place& place, Reading& reading) {
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, "the path of a PEM file");
    return std::nullopt;
  }
  if (holds(place.node.text, "-----BEGIN ")) {  // and quoted nowhere: it may be the key
    reading.fault(place, "is PEM text itself; write the path of a file that holds it");
    return std::nullopt;
  }
  std::string path = path_beside(place.origin.source, place.node.text);
  auto content = reading.environment.read_file(path);
  if (content) return NamedFile{std::move(path), std::move(*content)};
  reading.fault(place, cat({"cannot read the file ", quoted(path), ": ", content.error().message,
                            "; write the path of a readable file"}));
  return std::nullopt;
}

void read_certificate(const Place& place, Reading& reading, ListenTls& tls) {
  auto file = file_at(place, reading);
  if (!file) return;
  if (!holds(file->content, "-----BEGIN CERTIFICATE-----")) {
    reading.fault(place, cat({"the file ", quoted(file->path),
                              R"( is not a PEM certificate; write the path of one with "-----BEGIN )"
                              R"(CERTIFICATE-----", the server's own first)"}));
    return;
  }
  tls.cert_file = std::move(file->path);
  tls.cert_pem = std::move(file->content);
}

void read_key(const Place& place, Reading& reading, ListenTls& tls) {
  auto file = file_at(place, reading);
  if (!file) return;
  if (!holds(file->content, "PRIVATE KEY-----")) {
    reading.fault(place, cat({"the file ", quoted(file->path),
                              R"( is not a PEM private key; write the path of one with "-----BEGIN )"
                              R"(PRIVATE KEY-----")"}));
    return;
  }
  if (holds(file->content, "ENCRYPTED")) {
    reading.fault(place, cat({"the file ", quoted(file->path),
                              " needs a passphrase, and there is no prompt for it; write the path of a key"
                              " without (openssl pkey -in FILE -out NEW)"}));
    return;
  }
  tls.key_file = std::move(file->path);
  tls.key_pem = Secret(std::move(file->content));
}

}  // namespace

std::shared_ptr<const ListenTls> read_listen_tls(const Place& place, Reading& reading) {
  if (place.node.kind != Node::Kind::table) {
    wrong_type(place, reading, cat({"a table such as ", kExample}));
    return nullptr;
  }
  const std::size_t errors = reading.report.error_count();
  auto tls = std::make_shared<ListenTls>();
  for (const Place& at : members_of(place)) {
    if (at.node.name == "cert") {
      tls->cert_origin = at.origin;
      tls->cert_key = at.key;
      read_certificate(at, reading, *tls);
    } else if (at.node.name == "key") {
      tls->key_origin = at.origin;
      tls->key_key = at.key;
      read_key(at, reading, *tls);
    } else {
      reading.fault(at, unknown_key(at.node.name, {"cert", "key"}));
    }
  }
  if (place.node.find("cert") == nullptr) {
    reading.fault(place, R"(has no cert; write cert = "path" of a PEM file with the server's certificate)");
  }
  if (place.node.find("key") == nullptr) {
    reading.fault(place,
                  R"(has no key; write key = "path" of a PEM file with the certificate's private key)");
  }
  if (reading.report.error_count() != errors) return nullptr;
  return tls;
}

std::string show_listen_tls(const ListenTls& tls) {
  return cat({"{ cert = ", toml_quoted(tls.cert_file), ", key = ", toml_quoted(tls.key_file), " }"});
}

}  // namespace carillon::config
