// The gateway's decision about the token of an upgrade, and the answer that the client gets when it is
// refused. `carillon token verify` asks it, too.
//
// Thread: the authenticator's.
#pragma once

#include <string_view>
#include <variant>

#include "auth/authenticator.h"
#include "client/upgrade.h"

namespace carillon::client {

// Returns whose token it is, or the refusal. The client only learns that its token is invalid; the detail,
// for the log, names what was seen. Asks for the key set that may have the key of a token whose key is not
// known.
std::variant<Ref<const auth::Identity>, Refused> judge_token(const protocol::Endpoint& endpoint,
                                                             std::string_view token,
                                                             auth::Authenticator& authenticator,
                                                             const Requester& requester);

}  // namespace carillon::client
