// How many descriptors (open files) a number of connections needs, and the other way round.
#pragma once

#include <cstdint>

namespace carillon::config {

// The descriptors that each of `tables` tables must hold for so many connections: server.descriptors.
std::int64_t descriptors_a_table(std::int64_t connections, std::int64_t tables);

// The largest number of connections, at least 1, for which tables of `limit` descriptors are enough.
std::int64_t connections_within(std::int64_t limit, std::int64_t tables);

}  // namespace carillon::config
