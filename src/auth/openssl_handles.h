// Owning handles for the OpenSSL objects of this folder, without OpenSSL's headers.
//
// A failed operation leaves its errors in OpenSSL's per-thread error queue. The next SSL_get_error() on this
// thread would find them and report a healthy TLS connection as broken. ErrorQueueGuard therefore empties the
// queue after every operation here that can fail.
#pragma once

#include <memory>

struct evp_mac_ctx_st;
struct evp_md_ctx_st;
struct evp_md_st;
struct evp_pkey_st;

namespace carillon::auth {

// Frees OpenSSL objects that are held in a unique_ptr.
struct OpensslDeleter {
  void operator()(evp_mac_ctx_st* context) const noexcept;
  void operator()(evp_md_ctx_st* context) const noexcept;
  void operator()(evp_md_st* digest) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
};

using MacContext = std::unique_ptr<evp_mac_ctx_st, OpensslDeleter>;
using DigestContext = std::unique_ptr<evp_md_ctx_st, OpensslDeleter>;
using DigestHandle = std::unique_ptr<evp_md_st, OpensslDeleter>;
using KeyHandle = std::unique_ptr<evp_pkey_st, OpensslDeleter>;

// Empties OpenSSL's error queue of this thread when it goes out of scope.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() = default;
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
  ~ErrorQueueGuard();
};

}  // namespace carillon::auth
