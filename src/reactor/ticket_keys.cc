#include "reactor/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/assert.h"

namespace carillon::reactor {
namespace {

using Held = std::shared_ptr<const TicketKeys>;

TicketKey new_key(WallTime now) {
  std::string bytes(TicketKey::kBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1) {
    end_process("no random numbers", "OpenSSL cannot make the keys of session tickets");
  }
  return {Secret(std::move(bytes)), now};
}

// --- OpenSSL's callbacks ------------------------------------------------------------------------

void free_held(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Held*>(held); }

// A context has its keys as application data: sessions keep their context, so they may outlive TlsContext.
int index_of_keys() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_held);
  return index;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool set_mac_key(EVP_MAC_CTX* mac, const TicketKey& key) {
  std::string bytes(key.mac_key());  // OSSL_PARAM has no constant form
  std::string digest("SHA256");
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  const bool is_set = EVP_MAC_CTX_set_params(mac, params) == 1;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return is_set;
}

constexpr int kIvBytes = 16;  // of AES-CBC
constexpr int kFailed = -1;
constexpr int kUnknown = 0;  // a full handshake follows
constexpr int kUsed = 1;
constexpr int kUsedAndRenewed = 2;

int encrypt_ticket(const TicketKey& key, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac) {
  std::copy(key.name().begin(), key.name().end(), name);
  const bool is_ready =
      RAND_bytes(iv, kIvBytes) == 1 &&
      EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), bytes_of(key.cipher_key()), iv, nullptr) == 1 &&
      set_mac_key(mac, key);
  return is_ready ? kUsed : kFailed;
}

int decrypt_ticket(const TicketKeys& keys, const unsigned char* name, const unsigned char* iv,
                   EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const auto found = keys.find({reinterpret_cast<const char*>(name), TicketKey::kNameBytes});
  if (!found) return kUnknown;
  const auto* const key = bytes_of(found->key.cipher_key());
  if (!set_mac_key(mac, found->key) ||
      EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), key, iv, nullptr) != 1) {
    return kFailed;
  }
  return found->is_current ? kUsed : kUsedAndRenewed;
}

// `encrypts`: 1 for a new ticket, 0 for one that a client has sent.
int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int encrypts) {
  const auto* const held =
      static_cast<const Held*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), index_of_keys()));
  if (held == nullptr) return kFailed;
  return encrypts == 1 ? encrypt_ticket((*held)->current(), name, iv, cipher, mac)
                       : decrypt_ticket(**held, name, iv, cipher, mac);
}

}  // namespace

TicketKeys::TicketKeys(WallTime now, std::vector<TicketKey> keys) : keys_(std::move(keys)) {
  std::erase_if(keys_, [](const TicketKey& key) { return key.bytes.reveal().size() != TicketKey::kBytes; });
  if (keys_.size() > kKept) keys_.resize(kKept);
  if (keys_.empty()) keys_.push_back(new_key(now));
}

bool TicketKeys::renew_if_due(WallTime now) {
  const std::lock_guard lock(mutex_);
  const WallTime made_at = keys_.front().made_at;
  if (now >= made_at && now - made_at < kLifetime) return false;
  keys_.insert(keys_.begin(), new_key(now));
  if (keys_.size() > kKept) keys_.resize(kKept);
  return true;
}

std::vector<TicketKey> TicketKeys::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

TicketKey TicketKeys::current() const {
  const std::lock_guard lock(mutex_);
  return keys_.front();
}

std::optional<TicketKeys::Found> TicketKeys::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  for (const TicketKey& key : keys_) {
    if (key.name() == name) return Found{key, &key == &keys_.front()};
  }
  return std::nullopt;
}

bool use_ticket_keys(SSL_CTX* context, std::shared_ptr<const TicketKeys> keys) {
  auto held = std::make_unique<Held>(std::move(keys));
  if (SSL_CTX_set_ex_data(context, index_of_keys(), held.get()) != 1) return false;
  std::ignore = held.release();  // the context has it now
  return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}

}  // namespace carillon::reactor
