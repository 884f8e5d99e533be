// The oracle: what must hold after every step of a simulation, and at its end. Each function returns the
// first thing that is wrong, or nothing. What each client receives is checked by the client itself
// (expectations.h).
#pragma once

#include <optional>
#include <string>

#include "stage.h"

namespace carillon::simulation {

// After every step: counters equal what there is, memory is bounded, and no connection is without a deadline.
std::optional<std::string> what_is_wrong(const Stage& stage);

// When nothing goes wrong any more and all have had the time to read: an event that a client has not
// received.
std::optional<std::string> what_is_missing(const Stage& stage);

// When nothing has been published for long: events in its history that are too old.
std::optional<std::string> what_is_still_retained(const NodeSlot& slot);

// After a node's drain: what it has not given back.
std::optional<std::string> what_is_left(NodeSlot& slot);

}  // namespace carillon::simulation
