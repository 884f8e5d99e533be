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
  std::string fault(WallTime now) const {
    return judge_validity(certificate_.pem(), now).fault.value_or("none");
  }

  TestCertificate certificate_{"DNS:a.test"};
  WallTime from_ = time_of(X509_get0_notBefore(certificate_.x509()));
  WallTime until_ = time_of(X509_get0_notAfter(certificate_.x509()));
};

TEST_F(CertificateValidityTest, AnExpiredCertificateIsAFault) {
  EXPECT_EQ(fault(until_ - milliseconds(1)), "none");
  EXPECT_EQ(fault(until_), "none");
  EXPECT_EQ(fault(until_ + milliseconds(1)), "has a certificate that expired at " + rfc3339_seconds(until_) +
                                                 "; write the path of a renewed one");
}

TEST_F(CertificateValidityTest, OneThatIsNotYetValidIsAFault) {
  EXPECT_THAT(fault(from_ - milliseconds(1)), HasSubstr("is valid only from " + rfc3339_seconds(from_)));
  EXPECT_EQ(fault(from_), "none");
  EXPECT_EQ(fault(from_ + milliseconds(1)), "none");
}

TEST_F(CertificateValidityTest, AnIssuersCertificateIsJudgedToo) {
  EXPECT_THAT(judge_validity(certificate_.pem() + certificate_.pem(), until_ + seconds(1)).fault.value_or(""),
              HasSubstr("has a certificate"));
  // The same text again stands for an issuer's certificate; only the order distinguishes them.
  EXPECT_FALSE(judge_validity(certificate_.pem() + certificate_.pem(), until_).fault);
}

TEST_F(CertificateValidityTest, ACertificateThatExpiresSoonCausesAWarning) {
  const CertificateValidity validity = judge_validity(certificate_.pem(), from_);
  EXPECT_FALSE(validity.fault);
  EXPECT_THAT(validity.advice, Contains(HasSubstr("expires at " + rfc3339_seconds(until_))));
}

TEST_F(CertificateValidityTest, ACertificateThatNamesNoHostCausesAWarning) {
  EXPECT_THAT(judge_validity(TestCertificate("").pem(), from_).advice,
              Contains(HasSubstr("without subjectAltName")));
  EXPECT_THAT(judge_validity(certificate_.pem(), from_).advice,
              Not(Contains(HasSubstr("without subjectAltName"))));
}

TEST_F(CertificateValidityTest, AMissingIssuerCausesAWarningThatNamesIt) {
  const TestCertificate root("", nullptr, "the root");
  const TestCertificate middle("", &root, "the intermediate");
  const TestCertificate leaf("DNS:a.test", &middle, "the server");
  const auto advice = [&](const std::string& pem) { return judge_validity(pem, from_).advice; };
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
    const CertificateValidity validity = judge_validity(text, from_);
    EXPECT_TRUE(!validity.fault && validity.advice.empty()) << text;
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace carillon::reactor
