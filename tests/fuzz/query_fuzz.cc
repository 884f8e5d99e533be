// Targets and queries: what parses means one thing only, and nothing redacted gives a secret away.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/redaction.h"
#include "http/target.h"

namespace {

namespace http = carillon::http;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
  return out;
}

void check_query(std::string_view query) {
  const auto parameters = http::QueryParameters::parse(query);
  if (!parameters) return;
  require(parameters->entries().size() <= http::QueryParameters::kParametersMax);
  std::string again;
  for (const auto& [name, value] : parameters->entries()) {
    if (!again.empty()) again += '&';
    again += escaped(name) + "=" + escaped(value);
    require(parameters->first(name).has_value() && parameters->all(name).size() == parameters->count(name));
  }
  const auto reparsed = http::QueryParameters::parse(again);
  require(reparsed && reparsed->entries() == parameters->entries());
}

void check_redaction(const std::string& target) {
  const std::string shown = http::Redaction().target(target);
  require(http::Redaction().target(shown) == shown);
  const std::size_t question = shown.find('?');
  if (question == std::string::npos) return;
  const auto parameters = http::QueryParameters::parse(std::string_view(shown).substr(question + 1));
  require(parameters.has_value());
  for (const auto& [name, value] : parameters->entries()) {
    const auto is_secret = [&name = name](std::string_view secret) {
      return http::equal_ignoring_case(name, secret);
    };
    constexpr std::array<std::string_view, 4> kSecrets = {"token", "access_token", "refresh_token",
                                                          "api_key"};
    require(value == "REDACTED" || value.empty() ||
            std::none_of(kSecrets.begin(), kSecrets.end(), is_secret));
  }
}

void check_path(const std::string& target) {
  const auto split = http::split_target(target);
  if (!split) return;
  require(split->path.starts_with('/'));
  require((split->path + "/").find("/../") == std::string::npos);
  require((split->path + "/").find("/./") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_query(text);
  check_path(text);
  check_path("/" + text);
  check_redaction(text);
  check_redaction("/ws?" + text);
  check_redaction("/" + text);
  // However a secret is dressed, its own parameter hides it.
  const std::string dressed = http::Redaction().target("/ws?" + text + "&token=Sup3rS3cretValue");
  require(text.find("Sup3rS3cretValue") != std::string::npos ||
          dressed.find("Sup3rS3cretValue") == std::string::npos);
  return 0;
}
