#include "bus/redis/server_identity.h"

#include <algorithm>
#include <utility>

namespace carillon::bus {
namespace {

constexpr std::size_t kValueBytesMax = 255;

// The value of "key:value" on a line of its own; empty when there is none. Printable and bounded.
std::string field_of(std::string_view info, std::string_view key) {
  std::size_t begin = 0;
  while (begin < info.size()) {
    const auto end = std::min(info.find('\n', begin), info.size());
    auto line = info.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with(key) || line.size() == key.size() || line[key.size()] != ':') continue;
    std::string value(line.substr(key.size() + 1, kValueBytesMax));
    for (char& c : value) {
      if (c < 0x20 || c > 0x7e) c = '?';
    }
    return value;
  }
  return {};
}

void note_info(ServerIdentity& identity, OpeningStep step, std::string_view info) {
  if (step == OpeningStep::info_server) {
    identity.run_id = field_of(info, "run_id");
    identity.in_cluster = field_of(info, "redis_mode") == "cluster";
    return;
  }
  identity.role = role_of(info);
  if (identity.role == ServerIdentity::Role::replica) {
    identity.master = field_of(info, "master_host") + ":" + field_of(info, "master_port");
  }
}

}  // namespace

void append_identity_questions(Opening& opening, std::string& out) {
  append_command(out, {"INFO", "server"});
  opening.expect(OpeningStep::info_server);
  append_command(out, {"INFO", "replication"});
  opening.expect(OpeningStep::info_replication);
}

std::optional<Fault> take_identity_answer(ServerIdentity& identity, OpeningStep step,
                                          const RespValue& value) {
  switch (value.type) {
    case RespType::bulk:
      note_info(identity, step, value.text);
      return std::nullopt;
    case RespType::oversize:
      identity.refusal = "its answer to INFO is too long";
      return std::nullopt;
    case RespType::error: {
      auto fault = opening_refused(step, {}, value.text);
      // ERR: an unknown or renamed command, as behind some proxies.
      const bool is_about_info = error_code(value.text) == "NOPERM" || error_code(value.text) == "ERR";
      if (!is_about_info) return fault;
      identity.refusal = std::move(fault.detail);
      return std::nullopt;
    }
    case RespType::status:
    case RespType::integer:
    case RespType::nil:
      break;
  }
  return Fault{FaultKind::protocol, "the broker sent a reply to no command"};
}

ServerIdentity::Role role_of(std::string_view info) {
  const auto role = field_of(info, "role");
  if (role == "slave" || role == "replica") return ServerIdentity::Role::replica;
  return role == "master" ? ServerIdentity::Role::master : ServerIdentity::Role::unknown;
}

std::optional<Fault> wrong_role(const ServerIdentity& identity, BrokerRole required) {
  if (required == BrokerRole::any || identity.in_cluster) return std::nullopt;
  if (identity.role != ServerIdentity::Role::replica) return std::nullopt;
  return Fault{FaultKind::busy,
               "the broker is a replica of " + identity.master +
                   ", so events published to it reach only its own clients; waiting for a master "
                   "(bus.role = \"any\" accepts a replica)"};
}

bool may_be_same_server(const ServerIdentity& one, const ServerIdentity& other) {
  if (one.run_id.empty() || other.run_id.empty()) return true;
  return one.run_id == other.run_id || (one.in_cluster && other.in_cluster);
}

}  // namespace carillon::bus
