// ServerIdentity: which Redis process answers on a connection, and whether it is a master.
//
// Pure. Asked with INFO server and INFO replication (ROLE answers in nested arrays, which our RESP reader
// refuses on purpose). A server that may not or cannot answer leaves the identity unknown: that is no fault.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bus/bus.h"
#include "bus/fault.h"
#include "bus/redis/opening.h"
#include "bus/redis/resp.h"

namespace carillon::bus {

inline constexpr std::size_t kInfoBytesMax = 16 * 1024;  // of one INFO section; Redis 7 sends about 1 KiB

// What INFO reports about the server.
struct ServerIdentity {
  enum class Role { unknown, master, replica };

  std::string run_id;  // 40 hexadecimal digits, new at every start of the process; empty: unknown
  Role role = Role::unknown;
  std::string master;       // of a replica: "host:port"
  bool in_cluster = false;  // Redis Cluster: every node forwards what is published on any of them
  std::string refusal;      // why the server did not answer INFO, with the grant that is missing
};

// Appends the two questions and expects their answers in the opening.
void append_identity_questions(Opening& opening, std::string& out);

// The answer to the opening's current step, which is one of the two questions. A fault when the connection is
// of no use: anything but an answer, NOPERM, or an unknown command.
std::optional<Fault> take_identity_answer(ServerIdentity& identity, OpeningStep step, const RespValue& value);

// The answer to INFO replication alone.
ServerIdentity::Role role_of(std::string_view info);

// Returns a fault when a master is required and the server reports that it is a replica.
std::optional<Fault> wrong_role(const ServerIdentity& identity, BrokerRole required);

// False only when both run ids are known and differ, outside a cluster.
bool may_be_same_server(const ServerIdentity& one, const ServerIdentity& other);

}  // namespace carillon::bus
