#include "websocket/close_code.h"

#include <gtest/gtest.h>

namespace carillon::websocket {
namespace {

TEST(CloseCode, EveryCodeThereIs_Rfc6455_7_4) {
  for (int code = 0; code <= 65535; ++code) {
    const bool registered = (code >= 1000 && code <= 1014) && code != 1004 && code != 1005 && code != 1006;
    const bool of_applications = code >= 3000 && code <= 4999;
    const auto number = static_cast<std::uint16_t>(code);
    EXPECT_EQ(may_be_received(number), registered || of_applications) << code;
    EXPECT_EQ(may_be_sent(number), (registered && code != 1010) || of_applications) << code;
  }
}

TEST(CloseCode, EveryOneThatWeNameMayBeSent) {
  for (const CloseCode code :
       {CloseCode::normal, CloseCode::going_away, CloseCode::protocol_error, CloseCode::unsupported_data,
        CloseCode::invalid_payload, CloseCode::policy_violation, CloseCode::message_too_big,
        CloseCode::internal_error, CloseCode::service_restart, CloseCode::try_again_later}) {
    EXPECT_TRUE(may_be_sent(number(code)));
  }
}

}  // namespace
}  // namespace carillon::websocket
