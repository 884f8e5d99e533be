// A configuration file of any bytes: it loads or is refused with messages, and never throws, overflows
// the stack, or lets a secret of the environment into a message.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.h"

namespace {

constexpr std::string_view kSecret = "s3cr3t-of-the-environment-and-files";

// The options that a variable may set are not set, but for those that hold a secret: a message may show the
// value of the others.
std::optional<std::string> variable(std::string_view name) {
  if (name == "NOPE") return std::nullopt;
  if (name == "CARILLON_API_KEYS") return "[\"" + std::string(kSecret) + "\"]";
  if (name == "CARILLON_BUS_URL") return "redis://:" + std::string(kSecret) + "@127.0.0.1";
  const bool has_secret = name.ends_with("_SECRET") || name == "CARILLON_API_KEY";
  if (name.starts_with("CARILLON_") && !has_secret) return std::nullopt;
  return std::string(kSecret);
}

carillon::Result<std::string> read_file(std::string_view path) {
  if (path == "nope") return carillon::failure("No such file or directory");
  return std::string(kSecret) + "\n";
}

// Each message is one that a person can act on: it is not empty, has an end, and cannot drive a terminal.
void check(const std::string& text) {
  if (text.empty() || text.size() > 64 * 1024 || text.find(kSecret) != std::string::npos) std::abort();
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = carillon::config::load(text, "fuzz.toml", {variable, read_file});
  for (const auto& error : loaded.errors) check(error.text());
  for (const auto& warning : loaded.warnings) check(warning.text());
  for (const auto& note : loaded.notes) check(note);
  if (!loaded.errors.empty()) return 0;
  // What loads is whole: every endpoint can be served.
  if (loaded.settings.endpoints.empty() || loaded.settings.server.listen.empty()) std::abort();
  for (const auto& endpoint : loaded.settings.endpoints) {
    if (endpoint.path.empty() || endpoint.path[0] != '/' || endpoint.name.empty()) std::abort();
  }
  return 0;
}
