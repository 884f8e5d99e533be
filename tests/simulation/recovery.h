// Recovery: what a client asks of the past, and whether the answer is true. An answer that not everything was
// recovered is accepted only where the model shows that a limit, a gap of the bus or a foreign position has
// forced it, and for the reason that it gives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client_host.h"

namespace carillon::simulation {

// A subscription that asks for missed events.
struct Asked {
  Profile profile{};
  std::string channel;          // of a command; empty: of what the request selects
  std::string position;         // as the client wrote it; empty: it asks for the last ones
  std::uint32_t last = 0;       // so many
  int shard = 0;                // the client's
  std::uint64_t after_all = 0;  // the shard had been given the events up to this number at least
  MonoTime at{};                // when it was sent
  std::uint64_t ended_by = 0;   // which of the client's commands to unsubscribe ends it; 0: none
};

struct Answer {
  std::string_view reason;   // why not everything was recovered; empty: everything was
  std::uint64_t begins = 0;  // the position in it; without one the highest number that it may know of
  bool has_position = false;
};

// The number of a position of this node; nothing for any other text.
std::optional<std::uint64_t> number_of(std::string_view position, const NodeView& node);

// What is wrong with the answer, which the client has received by now; nothing where it is true.
std::optional<std::string> what_is_wrong(const NodeView& node, const Asked& asked, const Answer& answer,
                                         MonoTime now);

// A position that a client may send: often `own`, its own one; sometimes another of this node, one that no
// event has reached yet, or no position at all.
std::string some_position(Dice& dice, const NodeView& node, std::string_view own);

// The position of any event of this node so far, or of none.
std::string any_position(Dice& dice, const NodeView& node);

}  // namespace carillon::simulation
