#include "reactor/certificate_validity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace carillon::reactor {
namespace {

struct FreedBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreedCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// OpenSSL would ask on the terminal, and a server has none.
int no_passphrase(char*, int, int, void*) { return -1; }

std::optional<WallTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return WallTime(seconds(::timegm(&parts)));
}

using Certificate = std::unique_ptr<X509, FreedCertificate>;

std::optional<std::string> period_warning(const X509& certificate, std::string_view which, WallTime now) {
  const auto from = time_of(X509_get0_notBefore(&certificate));
  const auto until = time_of(X509_get0_notAfter(&certificate));
  if (!from || !until) return std::nullopt;
  const std::string subject = "has " + std::string(which);
  if (now > *until) {
    return subject + " that expired at " + rfc3339_seconds(*until) +
           ", so clients refuse to connect; write the path of a renewed one";
  }
  if (now < *from) {
    return subject + " that is valid only from " + rfc3339_seconds(*from) +
           " on, so clients refuse to connect; set this machine's clock, or write the path of another one";
  }
  if (*until - now < kCertificateEndsSoon) {
    return subject + " that expires at " + rfc3339_seconds(*until) + "; renew it";
  }
  return std::nullopt;
}

bool names_hosts(X509& certificate) {
  return X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1) >= 0;
}

struct FreedStore {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
struct FreedStoreContext {
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};

bool is_issued_by_a_known_root(X509& certificate) {
  const std::unique_ptr<X509_STORE, FreedStore> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, FreedStoreContext> context(X509_STORE_CTX_new());
  if (!store || !context || X509_STORE_set_default_paths(store.get()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), &certificate, nullptr) != 1) {
    return true;  // nothing is known, so nothing is said
  }
  X509* issuer = nullptr;
  const bool found = X509_STORE_CTX_get1_issuer(&issuer, context.get(), &certificate) == 1;
  X509_free(issuer);
  return found;
}

std::string issuer_of(const X509& certificate) {
  char* const text = X509_NAME_oneline(X509_get_issuer_name(&certificate), nullptr, 0);
  std::string name(text == nullptr ? "" : text);
  OPENSSL_free(text);
  return name;
}

// Follows the chain as far as the file has it. Where it ends below a root that this machine knows, clients
// that do not have the next certificate themselves refuse the connection.
std::optional<std::string> chain_warning(const std::vector<Certificate>& certificates) {
  X509* last = certificates.front().get();
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (X509_check_issued(certificates[i].get(), last) == X509_V_OK) last = certificates[i].get();
  }
  const bool is_self_issued = X509_check_issued(last, last) == X509_V_OK;
  if (is_self_issued || is_issued_by_a_known_root(*last)) return std::nullopt;
  return "lacks the certificate of its issuer, " + issuer_of(*last) +
         "; append it, unless that is the root that your clients have";
}

std::vector<Certificate> certificates_in(std::string_view pem) {
  const auto size = std::min<std::size_t>(pem.size(), std::numeric_limits<int>::max());
  const std::unique_ptr<BIO, FreedBio> text(BIO_new_mem_buf(pem.data(), static_cast<int>(size)));
  std::vector<Certificate> certificates;
  while (text) {
    Certificate next(PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    certificates.push_back(std::move(next));
  }
  ERR_clear_error();
  return certificates;
}

}  // namespace

std::vector<std::string> certificate_warnings(std::string_view certificates_pem, WallTime now) {
  std::vector<std::string> all;
  const std::vector<Certificate> certificates = certificates_in(certificates_pem);
  if (certificates.empty()) return all;
  for (const Certificate& each : certificates) {
    const auto which = each == certificates.front() ? "a certificate" : "an issuing certificate";
    auto period = period_warning(*each, which, now);
    if (!period) continue;
    all.push_back(*std::move(period));
    break;
  }
  if (!names_hosts(*certificates.front())) {
    all.emplace_back(
        "has a certificate without subjectAltName, which browsers refuse; write the path of one that names "
        "its hosts there");
  }
  if (auto chain = chain_warning(certificates)) all.push_back(*std::move(chain));
  ERR_clear_error();
  return all;
}

std::optional<WallTime> first_expiry(std::string_view certificates_pem) {
  std::optional<WallTime> first;
  for (const Certificate& each : certificates_in(certificates_pem)) {
    const auto until = time_of(X509_get0_notAfter(each.get()));
    if (until && (!first || *until < *first)) first = until;
  }
  return first;
}

}  // namespace carillon::reactor
