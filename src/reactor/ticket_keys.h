// TicketKeys: the secrets that TLS session tickets are encrypted with (RFC 5077 section 4). All contexts that
// have the same TicketKeys accept each other's tickets, so that a client resumes its session after a
// certificate has been renewed, and, because they are handed over, after a takeover.
//
// Whoever learns a key can read the tickets that it has encrypted, so a new one is made every kLifetime. The
// one before still decrypts tickets: a ticket is accepted for at least kLifetime.
//
// Thread: any. Its lock is taken once in a handshake.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"

struct ssl_ctx_st;  // of OpenSSL

namespace carillon::reactor {

struct TicketKey {
  // The name that a ticket shows in clear text, a key for HMAC-SHA256 and one for AES-256.
  static constexpr std::size_t kNameBytes = 16;
  static constexpr std::size_t kMacBytes = 32;
  static constexpr std::size_t kCipherBytes = 32;
  static constexpr std::size_t kBytes = kNameBytes + kMacBytes + kCipherBytes;
  Secret bytes;
  WallTime made_at{};

  std::string_view name() const { return bytes.reveal().substr(0, kNameBytes); }
  std::string_view mac_key() const { return bytes.reveal().substr(kNameBytes, kMacBytes); }
  std::string_view cipher_key() const { return bytes.reveal().substr(kNameBytes + kMacBytes); }
};

class TicketKeys {
 public:
  static constexpr std::chrono::hours kLifetime{24};
  static constexpr std::size_t kKept = 2;

  // Begins with keys of another process, the newest first, or makes one. At most kKept of them are used, and
  // none that has another length than TicketKey::kBytes.
  explicit TicketKeys(WallTime now, std::vector<TicketKey> keys = {});
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Makes a new key when the current one is older than kLifetime, or was made in the future by a clock that
  // has been set since. Returns whether it did. Call it every few minutes.
  bool renew_if_due(WallTime now);

  // The newest first.
  std::vector<TicketKey> keys() const;
  TicketKey current() const;
  struct Found {
    TicketKey key;
    bool is_current;
  };
  // The key that a ticket was encrypted with; nothing when it is gone.
  std::optional<Found> find(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::vector<TicketKey> keys_;  // never empty
};

// Has the sessions of a context use these keys. Returns false when memory runs out.
[[nodiscard]] bool use_ticket_keys(ssl_ctx_st* context, std::shared_ptr<const TicketKeys> keys);

}  // namespace carillon::reactor
