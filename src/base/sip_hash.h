// SipHash-1-3 and SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash of
// short texts from untrusted sources. Without the key it is infeasible to choose texts that collide in
// a table.
//
// Thread: any. Tables use 1-3 (as those of Rust, Ruby and Python do); the paper has test vectors for 2-4.
#pragma once

#include <cstdint>
#include <string_view>

namespace carillon {

// The 128-bit key of a hash.
struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

// Makes a key from the system's randomness.
SipKey random_sip_key();

std::uint64_t sip_hash_1_3(const SipKey& key, std::string_view text);
std::uint64_t sip_hash_2_4(const SipKey& key, std::string_view text);

}  // namespace carillon
