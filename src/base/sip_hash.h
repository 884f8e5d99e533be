// SipHash-1-3 and SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash of
// short texts from untrusted sources. Without the key it is infeasible to choose texts that collide in
// a table.
//
// Thread: any. 1-3 is what tables use (as those of Rust, Ruby and Python do); 2-4 is what the paper has
// vectors of.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon {

// The 128-bit key of a hash.
struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

// Of the system's randomness.
SipKey random_sip_key();

std::uint64_t sip_hash_1_3(const SipKey& key, std::string_view text);
std::uint64_t sip_hash_2_4(const SipKey& key, std::string_view text);

}  // namespace carillon
