#include "auth/openssl_handles.h"

#include <openssl/err.h>
#include <openssl/evp.h>

namespace carillon::auth {

void OpensslDeleter::operator()(evp_mac_ctx_st* context) const noexcept { EVP_MAC_CTX_free(context); }
void OpensslDeleter::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }
void OpensslDeleter::operator()(evp_md_st* digest) const noexcept { EVP_MD_free(digest); }
void OpensslDeleter::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

ErrorQueueGuard::~ErrorQueueGuard() { ERR_clear_error(); }

}  // namespace carillon::auth
