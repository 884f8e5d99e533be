#include "reactor/certificate_validity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>

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

void judge(const X509& certificate, std::string_view which, WallTime now, CertificateValidity& all) {
  const auto from = time_of(X509_get0_notBefore(&certificate));
  const auto until = time_of(X509_get0_notAfter(&certificate));
  if (!from || !until || all.fault) return;
  const std::string subject = "has " + std::string(which);
  if (now > *until) {
    all.fault = subject + " that expired at " + rfc3339_seconds(*until) + "; write the path of a renewed one";
  } else if (now < *from) {
    all.fault = subject + " that is valid only from " + rfc3339_seconds(*from) +
                " on; set this machine's clock, or write the path of another one";
  } else if (*until - now < kCertificateEndsSoon && !all.advice) {
    all.advice = subject + " that expires at " + rfc3339_seconds(*until) + "; renew it, and restart";
  }
}

}  // namespace

CertificateValidity judge_validity(std::string_view certificates_pem, WallTime now) {
  CertificateValidity all;
  const auto size = std::min<std::size_t>(certificates_pem.size(), std::numeric_limits<int>::max());
  const std::unique_ptr<BIO, FreedBio> text(BIO_new_mem_buf(certificates_pem.data(), static_cast<int>(size)));
  std::string_view which = "a certificate";
  while (text) {
    const std::unique_ptr<X509, FreedCertificate> next(
        PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    judge(*next, which, now, all);
    which = "an issuing certificate";
  }
  ERR_clear_error();
  return all;
}

}  // namespace carillon::reactor
