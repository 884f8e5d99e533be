#include "config/secret_kinds.h"

#include <algorithm>

#include "config/api_key.h"
#include "config/path.h"

namespace carillon::config {
namespace {

struct Found {
  std::string text;
  bool in_plain_text = false;
};

// Where a secret may be misread as TOML, the last part of the key still shows what to write.
std::string last_part(const std::string& key) {
  const std::string part = key.substr(key.rfind('.') + 1);
  return part.substr(0, part.find('['));
}

std::optional<std::string> from_variable(const std::string& name, const Place& place, Reading& reading) {
  auto value = reading.environment.variable(name);
  if (!value) {
    reading.fault(place, cat({"the environment variable ", printable(name),
                              " is not set; set it, or write { file = \"path\" }"}));
  } else if (value->empty()) {
    reading.fault(place, cat({"the environment variable ", printable(name), " is empty; give it a value"}));
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::string> from_file(const std::string& written, const Place& place, Reading& reading) {
  const std::string path = path_beside(place.origin.source, written);
  auto content = reading.environment.read_file(path);
  if (!content) {
    reading.fault(place, cat({"cannot read the file ", quoted(path), ": ", content.error().message,
                              "; write the path of a readable file"}));
    return std::nullopt;
  }
  // An editor ends a file with a newline, which is not part of the secret.
  if (!content->empty() && content->back() == '\n') content->pop_back();
  if (!content->empty() && content->back() == '\r') content->pop_back();
  if (content->empty()) {
    reading.fault(place, cat({"the file ", quoted(path), " is empty; put the value in it"}));
    return std::nullopt;
  }
  return std::move(*content);
}

// { env = "NAME" } or { file = "path" }
std::optional<std::string> from_table(const Place& place, Reading& reading, std::string_view expected) {
  const auto& members = place.node.members;
  if (members.size() != 1 || members[0].kind != Node::Kind::string) {
    reading.fault(place, cat({"expected ", expected, ", got a table without exactly one of env and file"}));
    return std::nullopt;
  }
  const Node& value = members[0];
  const std::string& name = value.name;
  if (name == "env") return from_variable(value.text, place, reading);
  if (name == "file") return from_file(value.text, place, reading);
  const auto near = nearest(name, {"env", "file"});
  reading.fault(place, cat({"unknown key ", quoted(name), "; ", near ? "did you mean \"" : "write ",
                            near ? *near + "\"?" : "{ env = \"NAME\" } or { file = \"path\" }"}));
  return std::nullopt;
}

std::optional<Found> find(const Place& place, Reading& reading, std::string_view expected) {
  Found found;
  if (place.node.kind == Node::Kind::table) {
    auto text = from_table(place, reading, expected);
    if (!text) return std::nullopt;
    found.text = std::move(*text);
  } else if (place.node.kind == Node::Kind::string) {
    found = {place.node.text, place.origin.line > 0};  // what has no line is written in no file
    if (found.text.empty()) {
      reading.fault(place, cat({"is empty; write ", last_part(place.key), " = { env = \"NAME\" }"}));
      return std::nullopt;
    }
  } else {
    reading.fault(place, cat({"expected ", expected, ", got ", shape_of(place.node)}));
    return std::nullopt;
  }
  if (found.text.size() > kSecretBytesMax) {
    reading.fault(place, cat({"is ", std::to_string(found.text.size()), " bytes long; write at most ",
                              std::to_string(kSecretBytesMax), " bytes"}));
    return std::nullopt;
  }
  return found;
}

constexpr std::string_view kSecretShape = R"("text", { env = "NAME" } or { file = "path" })";

bool has_password(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return false;
  const auto authority = url.substr(begin + 3, url.find('/', begin + 3) - begin - 3);
  const auto at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos;
}

}  // namespace

void SecretKind::read(const Place& place, Reading& reading, Secret& field) const {
  auto found = find(place, reading, kSecretShape);
  if (!found) return;
  if (found->in_plain_text) {
    reading.report.warning(
        place.origin, place.key,
        R"(is a secret in plain text; write { env = "NAME" } or { file = "path" } instead)");
  }
  field = Secret(std::move(found->text));
}

void ApiKeyKind::read(const Place& place, Reading& reading, Secret& field) const {
  Secret key;
  SecretKind::read(place, reading, key);
  if (key.empty()) return;  // already reported
  if (const auto fault = api_key_fault(key.reveal())) {
    reading.fault(place, *fault);
    return;
  }
  if (const auto advice = api_key_advice(key.reveal())) {
    reading.report.warning(place.origin, place.key, *advice);
  }
  field = std::move(key);
}

bool ApiKeyListKind::same(const std::vector<Secret>& a, const std::vector<Secret>& b) const {
  const auto are_equal = [](const Secret& x, const Secret& y) { return SecretKind{}.same(x, y); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), are_equal);
}

void ApiKeyListKind::read(const Place& place, Reading& reading, std::vector<Secret>& field) const {
  if (place.node.kind != Node::Kind::array) {
    reading.fault(place, cat({"expected an array such as ", example(), ", got ", shape_of(place.node)}));
    return;
  }
  if (!fits(place, reading, kApiKeysMax)) return;
  const std::size_t errors = reading.report.error_count();
  std::vector<Secret> secrets;
  for (const Place& at : items_of(place)) {
    secrets.emplace_back();
    ApiKeyKind{}.read(at, reading, secrets.back());
  }
  if (reading.report.error_count() == errors) field = std::move(secrets);
}

void PublicKeyKind::read(const Place& place, Reading& reading, std::string& field) const {
  auto found = find(place, reading, R"(PEM text or { file = "path" })");
  if (!found) return;
  if (found->text.find("PRIVATE KEY-----") != std::string::npos) {
    reading.fault(place, "is a private key; write the public key, which is all that verification needs");
  } else if (found->text.find("-----BEGIN ") == std::string::npos) {
    reading.fault(place,
                  R"(is not PEM; write { file = "path" } of a file that has "-----BEGIN PUBLIC KEY-----")");
  } else {
    field = std::move(found->text);
  }
}

std::string BusUrlKind::show(const std::string& field) const {
  return has_password(field) ? "\"(secret)\"" : toml_quoted(field);
}

void BusUrlKind::read(const Place& place, Reading& reading, std::string& field) const {
  auto found = find(place, reading,
                    R"(a URL such as "redis://127.0.0.1:6379", { env = "NAME" } or { file = "path" })");
  if (!found) return;
  const std::string& url = found->text;
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (url.find(':') == std::string::npos || std::any_of(url.begin(), url.end(), odd)) {
    // The text itself stays out of the message: it may hold a password.
    reading.fault(place, R"(is not a URL; write "memory:" or "redis://127.0.0.1:6379")");
    return;
  }
  if (found->in_plain_text && has_password(url)) {
    reading.report.warning(
        place.origin, place.key,
        R"(holds a password in plain text; write { env = "NAME" } or { file = "path" } instead)");
  }
  field = std::move(found->text);
}

}  // namespace carillon::config
