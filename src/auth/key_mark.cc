#include "auth/key_mark.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>

namespace carillon::auth {

KeyMark mark_of(std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  KeyMark mark = 0;
  if (EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1) {
    std::memcpy(&mark, digest.data(), sizeof mark);
  }
  return mark;
}

}  // namespace carillon::auth
