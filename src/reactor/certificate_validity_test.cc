#include "reactor/certificate_validity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "reactor/testing/tls_peer.h"

namespace carillon::reactor {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  EXPECT_EQ(ASN1_TIME_to_tm(time, &parts), 1);
  return WallTime(seconds(::timegm(&parts)));
}

class CertificateValidityTest : public ::testing::Test {
 protected:
  // The warning about the time, if there is one.
  std::string period(WallTime now) const {
    const auto warnings = certificate_warnings(certificate_.pem(), now);
    return warnings.empty() ? "none" : warnings.front();
  }

  TestCertificate certificate_{"DNS:a.test"};
  WallTime from_ = time_of(X509_get0_notBefore(certificate_.x509()));
  WallTime until_ = time_of(X509_get0_notAfter(certificate_.x509()));
};

TEST_F(CertificateValidityTest, ACertificateThatExpiresSoonOrHasExpiredCausesAWarning) {
  EXPECT_EQ(period(until_ - kCertificateEndsSoon), "none");
  const std::string soon = "has a certificate that expires at " + rfc3339_seconds(until_) + "; renew it";
  EXPECT_EQ(period(until_ - kCertificateEndsSoon + milliseconds(1)), soon);
  EXPECT_EQ(period(until_), soon);
  EXPECT_EQ(period(until_ + milliseconds(1)),
            "has a certificate that expired at " + rfc3339_seconds(until_) +
                ", so clients refuse to connect; write the path of a renewed one");
}

TEST_F(CertificateValidityTest, OneThatIsNotYetValidCausesAWarning) {
  const std::string early = "is valid only from " + rfc3339_seconds(from_);
  EXPECT_THAT(period(from_ - milliseconds(1)), HasSubstr(early));
  EXPECT_THAT(period(from_), Not(HasSubstr(early)));
}

TEST_F(CertificateValidityTest, AnIssuersCertificateIsCheckedToo) {
  const TestCertificate issuer("", nullptr, "the root");
  const TestCertificate leaf("DNS:a.test", &issuer, "the server");
  const WallTime late = time_of(X509_get0_notAfter(issuer.x509())) + seconds(1);
  EXPECT_THAT(certificate_warnings(leaf.pem() + issuer.pem(), late),
              ::testing::ElementsAre(HasSubstr("has a certificate that expired")))
      << "only the first of them is reported";
}

TEST_F(CertificateValidityTest, ACertificateThatNamesNoHostCausesAWarning) {
  EXPECT_THAT(certificate_warnings(TestCertificate("").pem(), from_),
              Contains(HasSubstr("without subjectAltName")));
  EXPECT_THAT(certificate_warnings(certificate_.pem(), from_),
              Not(Contains(HasSubstr("without subjectAltName"))));
}

TEST_F(CertificateValidityTest, AMissingIssuerCausesAWarningThatNamesIt) {
  const TestCertificate root("", nullptr, "the root");
  const TestCertificate middle("", &root, "the intermediate");
  const TestCertificate leaf("DNS:a.test", &middle, "the server");
  const auto advice = [&](const std::string& pem) { return certificate_warnings(pem, from_); };
  EXPECT_THAT(advice(leaf.pem()),
              Contains(HasSubstr("lacks the certificate of its issuer, /CN=the intermediate")));
  EXPECT_THAT(advice(leaf.pem() + middle.pem()),
              Contains(HasSubstr("lacks the certificate of its issuer, /CN=the root")));
  EXPECT_THAT(advice(leaf.pem() + middle.pem() + root.pem()), Not(Contains(HasSubstr("lacks"))));
  EXPECT_THAT(advice(certificate_.pem()), Not(Contains(HasSubstr("lacks"))));
}

TEST_F(CertificateValidityTest, TheFirstExpiryIsThatOfAnyCertificate) {
  EXPECT_EQ(first_expiry(certificate_.pem() + TestCertificate("DNS:b.test").pem()), until_);
  EXPECT_EQ(first_expiry("no certificate"), std::nullopt);
}

TEST_F(CertificateValidityTest, ATextThatIsNotACertificateIsLeftToTheCaller) {
  for (const std::string_view text :
       {"", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    EXPECT_TRUE(certificate_warnings(text, from_).empty()) << text;
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace carillon::reactor
