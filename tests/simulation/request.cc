#include "request.h"

#include "recovery.h"

namespace carillon::simulation {
namespace {

// Grimnir's clients name the types of the events that they want; without any, the profile's default applies.
// One that comes back often wants the same.
std::string choose_types(Dice& dice, const Memory& memory, std::set<std::string>& types) {
  static constexpr std::string_view kTypes[] = {"now_playing", "health", "dj_connect", "live.handover"};
  std::string list;
  const bool the_same = memory.types && dice.chance(60);
  for (const std::string_view type : kTypes) {
    if (the_same ? !memory.types->contains(std::string(type)) : !dice.chance(50)) continue;
    types.emplace(type);
    list += (list.empty() ? "" : ",") + std::string(type);
  }
  if (list.empty()) types = {"now_playing", "health"};
  return list.empty() ? "" : "&types=" + list;
}

std::string claims_of(ClientHost& host, Kind kind, Profile profile, bool& expires) {
  const auto wall = std::chrono::duration_cast<seconds>(host.clock().wall().time_since_epoch()).count();
  std::string claims = R"({"sub":"u)" + std::to_string(host.dice().below(20)) +
                       R"(","channels":["c0","c1","c2","c3","conversation:1"])";
  const bool may_expire = profile == Profile::service || profile == Profile::grimnir;
  if (may_expire && kind != Kind::well_behaved && host.dice().chance(15)) {
    expires = true;
    claims += ",\"exp\":" + std::to_string(wall + 5 + host.dice().below(30));
  }
  return claims + "}";
}

// Slow clients often ask for much.
std::string choose_position(Dice& dice, Kind kind, const NodeView& node, const Memory& memory) {
  if (memory.profile == Profile::service || !node.plan.retains(memory.profile)) return {};
  if (kind == Kind::slow && dice.chance(60)) return any_position(dice, node);
  const auto own = memory.positions.find("");
  if (own == memory.positions.end() && !dice.chance(25)) return {};
  return some_position(dice, node, own == memory.positions.end() ? "" : own->second);
}

std::string target_of(ClientHost& host, Kind kind, const Memory& memory, Request& request) {
  const std::string& token = host.token(claims_of(host, kind, memory.profile, request.expires));
  const std::string position = request.position.empty() ? "" : "&position=" + request.position;
  switch (memory.profile) {
    case Profile::orion:
      return "/ws?token=" + token + position;
    case Profile::service:
      return "/api/ws?token=" + token;
    case Profile::fluxora:
      return "/ws/streams";
    case Profile::grimnir:
      break;
  }
  request.types.emplace();
  return "/api/v1/events?token=" + token + choose_types(host.dice(), memory, *request.types) + position;
}

}  // namespace

Request request_of(ClientHost& host, Kind kind, const NodeView& node, const Memory& memory) {
  Request request;
  request.position = choose_position(host.dice(), kind, node, memory);
  request.unsent = "GET " + target_of(host, kind, memory, request) +
                   " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  return request;
}

}  // namespace carillon::simulation
