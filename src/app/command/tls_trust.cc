#include "app/command/tls_trust.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>

namespace carillon::app {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate first_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free};
}

}  // namespace

std::string set_trust(boost::asio::ssl::context& context, const TlsTrust& trust) {
  namespace ssl = boost::asio::ssl;
  boost::system::error_code error;
  const bool by_authority = trust.is_checked && trust.certificate_pem.empty();
  context.set_verify_mode(by_authority ? ssl::verify_peer : ssl::verify_none, error);
  if (error) return error.message();
  if (!by_authority) return {};
  if (trust.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(trust.ca_file, error);
  }
  return error ? trust.ca_file + ": " + error.message() : std::string();
}

void name_server(ssl_st* connection, const std::string& host, const TlsTrust& trust) {
  X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
  // An address stands in another field of a certificate than a name, and is not sent as one (RFC 6066 section
  // 3).
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  if (!is_address) {
    // SSL_set_tlsext_host_name() without the cast that it has inside.
    std::string name = host;
    SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    if (trust.is_checked) X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
  }
}

std::string fault_of_peer(ssl_st* connection, const TlsTrust& trust) {
  if (!trust.is_checked || trust.certificate_pem.empty()) return {};
  const Certificate shown(SSL_get1_peer_certificate(connection), &X509_free);
  const Certificate wanted = first_certificate(trust.certificate_pem);
  if (shown && wanted && X509_cmp(shown.get(), wanted.get()) == 0) return {};
  return "the server there has another certificate than the configuration; write --url with the server's "
         "name";
}

}  // namespace carillon::app
