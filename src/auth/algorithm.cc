#include "auth/algorithm.h"

#include <array>

#include "config/load.h"

namespace carillon::auth {
namespace {

struct Row {
  std::string_view name;
  AlgorithmFamily family;
  std::size_t digest_bytes;
};

// In the order of the enum.
constexpr std::array<Row, 13> kRows = {{
    {"HS256", AlgorithmFamily::hmac, 32},
    {"HS384", AlgorithmFamily::hmac, 48},
    {"HS512", AlgorithmFamily::hmac, 64},
    {"RS256", AlgorithmFamily::rsa_pkcs1, 32},
    {"RS384", AlgorithmFamily::rsa_pkcs1, 48},
    {"RS512", AlgorithmFamily::rsa_pkcs1, 64},
    {"PS256", AlgorithmFamily::rsa_pss, 32},
    {"PS384", AlgorithmFamily::rsa_pss, 48},
    {"PS512", AlgorithmFamily::rsa_pss, 64},
    {"ES256", AlgorithmFamily::ecdsa, 32},
    {"ES384", AlgorithmFamily::ecdsa, 48},
    {"ES512", AlgorithmFamily::ecdsa, 64},
    {"EdDSA", AlgorithmFamily::eddsa, 0},
}};
static_assert(kRows.size() == static_cast<std::size_t>(Algorithm::eddsa) + 1);

const Row& row_of(Algorithm algorithm) { return kRows[static_cast<std::size_t>(algorithm)]; }

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

}  // namespace

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<Algorithm>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Algorithm algorithm) { return row_of(algorithm).name; }
AlgorithmFamily family_of(Algorithm algorithm) { return row_of(algorithm).family; }
std::size_t digest_bytes_of(Algorithm algorithm) { return row_of(algorithm).digest_bytes; }

const std::vector<std::string>& algorithm_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    all.reserve(std::size(kRows));
    for (const Row& row : kRows) all.emplace_back(row.name);
    return all;
  }();
  return names;
}

std::string unknown_algorithm(const std::string& name) {
  if (upper(name) == "NONE")
    return "\"" + name + "\" would admit unsigned tokens; name what the issuer signs with";
  std::optional<std::string> near;
  for (const std::string& candidate : algorithm_names()) {
    if (upper(candidate) == upper(name)) near = candidate;
  }
  if (!near) near = config::nearest(name, algorithm_names());
  if (near) return "unknown algorithm \"" + name + "\"; did you mean \"" + *near + "\"?";
  std::string all;
  for (const std::string& candidate : algorithm_names()) all += (all.empty() ? "" : ", ") + candidate;
  return "unknown algorithm \"" + name + "\"; there are " + all;
}

std::vector<Algorithm> AlgorithmSet::list() const {
  std::vector<Algorithm> all;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (has(static_cast<Algorithm>(i))) all.push_back(static_cast<Algorithm>(i));
  }
  return all;
}

}  // namespace carillon::auth
