#include "app/dev/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <variant>

#include "app/new_file.h"
#include "json/reader.h"
#include "json/writer.h"
#include "reactor/listener.h"

namespace carillon::app {
namespace {

using reactor::FileDescriptor;

constexpr std::size_t kFileBytesMax = 4096;
constexpr std::size_t kSecretDigits = 64;
constexpr std::size_t kApiKeyDigits = 32;

DevKeys random_keys() { return {random_hex(kSecretDigits), random_hex(kApiKeyDigits), {}}; }

tl::unexpected<Error> because_of(int error) { return failure(std::strerror(error)); }

std::optional<std::string> digits_in(const json::Value& object, std::string_view name, std::size_t count) {
  const auto member = object.find(name);
  const auto text = member ? member->string().value_or("") : std::string();
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != count || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  return text;
}

// A file that others can read is no place for a secret, and one of somebody else's is not ours to trust.
Result<std::string> read_private_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return because_of(errno);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return because_of(errno);
  if (!S_ISREG(found.st_mode)) return failure("it is not a regular file");
  if (found.st_uid != ::geteuid()) return failure("it belongs to another user");
  if ((found.st_mode & 077U) != 0) return failure("other users may read or write it");
  std::string text(kFileBytesMax, '\0');
  const ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) return because_of(errno);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

Result<DevKeys> read_kept_keys(const std::string& path) {
  const auto text = read_private_file(path);
  if (!text) return tl::unexpected(text.error());
  return read_dev_keys(*text);
}

// Makes every folder above `path` that is missing, as the XDG specification wants it: for the user only.
Result<std::monostate> make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST) return because_of(errno);
  }
  return std::monostate{};
}

// Of several processes that do this at the same time one makes the file, and the others read it.
Result<DevKeys> make_kept_keys(const std::string& path) {
  if (auto made = make_folders(path); !made) return tl::unexpected(made.error());
  const DevKeys keys = random_keys();
  const std::string draft = path + "." + random_hex(16);
  auto written = write_new_file(draft, write_dev_keys(keys), 0600);
  int error = 0;
  if (written && ::link(draft.c_str(), path.c_str()) != 0) error = errno;
  ::unlink(draft.c_str());
  if (!written) return tl::unexpected(written.error());
  if (error == EEXIST) return read_kept_keys(path);
  if (error != 0) return because_of(error);
  return keys;
}

DevKeys unkept(const std::string& why) {
  DevKeys keys = random_keys();
  keys.warning = "The secret and the API key are new ones and end with this process: " + why + ".";
  return keys;
}

}  // namespace

Result<std::string> dev_keys_path(const Variable& variable) {
  // The specification has a relative path ignored.
  const auto folder = [&](std::string_view name) {
    const auto value = variable(name);
    return value && value->starts_with('/') ? value : std::nullopt;
  };
  if (const auto state = folder("XDG_STATE_HOME")) return *state + "/carillon/dev-keys";
  if (const auto home = folder("HOME")) return *home + "/.local/state/carillon/dev-keys";
  return failure("neither XDG_STATE_HOME nor HOME is the path of a folder");
}

std::string write_dev_keys(const DevKeys& keys) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("secret", keys.secret).member("api_key", keys.api_key);
  writer.close();
  return text + "\n";
}

Result<DevKeys> read_dev_keys(std::string_view text) {
  const auto parsed = json::parse(text);
  const auto secret = parsed ? digits_in(*parsed, "secret", kSecretDigits) : std::nullopt;
  const auto api_key = parsed ? digits_in(*parsed, "api_key", kApiKeyDigits) : std::nullopt;
  if (!secret || !api_key) return failure("it does not hold the keys");
  return DevKeys{*secret, *api_key, {}};
}

DevKeys load_dev_keys(const Variable& variable) {
  const auto path = dev_keys_path(variable);
  if (!path) return unkept(path.error().message);
  struct stat found {};
  if (::lstat(path->c_str(), &found) == 0) {
    auto kept = read_kept_keys(*path);
    return kept ? *kept : unkept(*path + ": " + kept.error().message + "; delete the file");
  }
  auto made = make_kept_keys(*path);
  return made ? *made : unkept("cannot write " + *path + ": " + made.error().message);
}

std::optional<DevKeys> kept_dev_keys(const Variable& variable) {
  const auto path = dev_keys_path(variable);
  if (!path) return std::nullopt;
  auto kept = read_kept_keys(*path);
  return kept ? std::optional(*std::move(kept)) : std::nullopt;
}

}  // namespace carillon::app
