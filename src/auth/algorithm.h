// The signature algorithms of RFC 7518 section 3 and RFC 8037 that a key may list. `none` is not one.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::auth {

// A JWS signature algorithm.
enum class Algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa
};

// The kind of key and computation that an algorithm needs.
enum class AlgorithmFamily : std::uint8_t { hmac, rsa_pkcs1, rsa_pss, ecdsa, eddsa };

// Returns the algorithm with exactly this name, including letter case (RFC 7515 section 4.1.1), or nothing.
std::optional<Algorithm> algorithm_named(std::string_view name);
std::string_view name_of(Algorithm algorithm);
AlgorithmFamily family_of(Algorithm algorithm);
// Returns the size of its hash, 32, 48 or 64; 0 for EdDSA, which hashes internally.
std::size_t digest_bytes_of(Algorithm algorithm);

// All names, for messages.
const std::vector<std::string>& algorithm_names();

// Returns what is wrong with a name that algorithm_named() does not know, and what to write instead.
std::string unknown_algorithm(const std::string& name);

// A set of algorithms in one word: a key's allow-list.
class AlgorithmSet {
 public:
  void add(Algorithm algorithm) { bits_ |= bit(algorithm); }
  void add(AlgorithmSet other) { bits_ |= other.bits_; }
  bool has(Algorithm algorithm) const { return (bits_ & bit(algorithm)) != 0; }
  bool empty() const { return bits_ == 0; }
  std::vector<Algorithm> list() const;

 private:
  static std::uint32_t bit(Algorithm algorithm) { return 1U << static_cast<unsigned>(algorithm); }
  std::uint32_t bits_ = 0;
};

}  // namespace carillon::auth
