#include "websocket/handshake.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/assert.h"

namespace carillon::websocket {
namespace {

constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // section 1.3
constexpr std::size_t kKeyCharacters = 24;

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace

bool is_valid_key(std::string_view key) {
  if (key.size() != kKeyCharacters || !key.ends_with("==")) return false;
  for (const char c : key.substr(0, kKeyCharacters - 2)) {
    if (!is_base64(c)) return false;
  }
  // 22 characters hold 132 bits, four more than 16 bytes: canonical means that those are zero.
  return std::string_view("AQgw").contains(key[kKeyCharacters - 3]);
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += kKeySuffix;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int digest_size = 0;
  CARILLON_ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &digest_size, EVP_sha1(), nullptr) ==
                  1);
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64;
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest_size));
  return {base64.begin(), base64.begin() + size};
}

}  // namespace carillon::websocket
