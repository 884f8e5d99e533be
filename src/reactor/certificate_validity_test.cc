#include "reactor/certificate_validity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "reactor/testing/tls_peer.h"

namespace carillon::reactor {
namespace {

using ::testing::HasSubstr;

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
  EXPECT_THAT(validity.advice.value_or(""), HasSubstr("expires at " + rfc3339_seconds(until_)));
}

TEST_F(CertificateValidityTest, ATextThatIsNotACertificateIsLeftToTheCaller) {
  for (const std::string_view text :
       {"", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    const CertificateValidity validity = judge_validity(text, from_);
    EXPECT_FALSE(validity.fault || validity.advice) << text;
  }
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace carillon::reactor
