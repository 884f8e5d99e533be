#include "config/api_key.h"

#include <algorithm>

#include "config/text.h"

namespace carillon::config {
namespace {

constexpr std::string_view kMakeOne = "; make one with: openssl rand -hex 32";

std::string is_long(std::string_view key) {
  return cat({"is ", std::to_string(key.size()), key.size() == 1 ? " byte long" : " bytes long"});
}

}  // namespace

std::optional<std::string> api_key_fault(std::string_view key) {
  if (key.size() < kApiKeyBytesMin) {
    return cat(
        {is_long(key), " and can be guessed; write at least ", std::to_string(kApiKeyBytesMin), kMakeOne});
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(key.begin(), key.end(), control)) {
    return cat({"has control characters (a file of several lines?), which no header can carry", kMakeOne});
  }
  if (key.front() == ' ' || key.back() == ' ') {
    return cat({"begins or ends with a space, which a header does not keep", kMakeOne});
  }
  return std::nullopt;
}

std::optional<std::string> api_key_advice(std::string_view key) {
  if (key.size() >= kApiKeyBytesAdvised) return std::nullopt;
  return cat({is_long(key), " and may be guessed; ", std::to_string(kApiKeyBytesAdvised), " or more are safe",
              kMakeOne});
}

}  // namespace carillon::config
