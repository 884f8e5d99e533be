// Checks of [keys.*]: which kind of key each is, and what fits that kind.
#include <algorithm>
#include <array>
#include <optional>

#include "config/check.h"
#include "config/key_set_url.h"
#include "config/text.h"

namespace carillon::config {
namespace {

constexpr std::size_t kKeySetsMax = 32;  // fetched ones, with different addresses

// The options that say where a key comes from.
constexpr std::array<std::string_view, 5> kKinds = {"secret", "public_key", "jwks_file", "jwks_url",
                                                    "discovery"};
constexpr std::array<std::string_view, 5> kFetchOptions = {"jwks_ca_file", "jwks_min_interval",
                                                           "jwks_age_max", "jwks_stale_max", "jwks_wait"};

class KeyCheck {
 public:
  KeyCheck(KeySettings& key, const Written& written, const std::string& prefix, Report& report)
      : key_(key), written_(written), prefix_(prefix), report_(report) {}

  void all() {
    const auto kind = find_kind();
    if (!kind) return;
    if (*kind == "jwks_file" || *kind == "jwks_url" || *kind == "discovery") key_set(*kind);
    fetch_options(*kind);
    algorithms(*kind);
  }

 private:
  void fault(std::string_view option, std::string_view message) {
    report_.error(origin_in(written_, option, key_.origin), cat({prefix_, ".", option}), message);
  }
  bool is_given(std::string_view kind) const {
    return is_written(written_, kind) && (kind != "discovery" || key_.discovery == Switch::on);
  }

  // Exactly one of them must be given.
  std::optional<std::string_view> find_kind() {
    std::optional<std::string_view> found;
    for (const std::string_view kind : kKinds) {
      if (!is_given(kind)) continue;
      if (found) {
        fault(kind, cat({"is given together with a ", *found, "; write two keys, one for each"}));
        return std::nullopt;
      }
      found = kind;
    }
    if (!found) {
      report_.error(key_.origin, prefix_,
                    "has none of secret, public_key, jwks_file, jwks_url and discovery; write secret = { env "
                    "= \"CARILLON_JWT_SECRET\" }");
    }
    return found;
  }

  void key_set(std::string_view kind) {
    if (is_written(written_, "key_id")) {
      fault("key_id", cat({"is of one key, and the ", kind, " has several; leave it out"}));
    }
    if (kind != "discovery" || report_.has_error_at(cat({prefix_, ".issuer"}))) return;
    if (key_.issuer.empty()) {
      fault("discovery", "needs the issuer; write issuer = \"https://id.example.com\"");
    } else if (const auto url = parse_key_set_url(key_.issuer); !url) {
      fault("issuer", cat({url.error().message, ", because discovery fetches below it"}));
    }
  }

  void fetch_options(std::string_view kind) {
    if (kind == "jwks_url" || kind == "discovery") return;
    for (const std::string_view option : kFetchOptions) {
      if (!is_written(written_, option)) continue;
      report_.warning(origin_in(written_, option, key_.origin), cat({prefix_, ".", option}),
                      cat({"has no effect, because the ", kind,
                           " is not fetched; write jwks_url or discovery, or leave it out"}));
    }
  }

  void algorithms(std::string_view kind) {
    if (!is_written(written_, "algorithms")) {
      if (kind == "secret") {
        key_.algorithms = {"HS256"};
      } else {
        report_.error(key_.origin, prefix_ + ".algorithms",
                      cat({"is missing; write what the ", kind == "public_key" ? "public key is" : "keys are",
                           " for, such as algorithms = [\"RS256\"]"}));
      }
      return;
    }
    if (report_.has_error_at(prefix_ + ".algorithms")) return;
    if (key_.algorithms.empty()) fault("algorithms", "is empty; write algorithms = [\"HS256\"]");
    for (const auto& algorithm : key_.algorithms) {
      const bool symmetric = algorithm.starts_with("HS");
      // RFC 8725 section 3.1: one key, one kind of algorithm; else a public key passes for a secret.
      if (symmetric == (kind == "secret")) continue;
      fault("algorithms", cat({algorithm, " needs a ", symmetric ? "secret" : "public_key or a key set",
                               ", and this key has ", kind == "discovery" ? "" : "a ", kind,
                               "; write another key for it"}));
    }
  }

  KeySettings& key_;
  const Written& written_;
  const std::string& prefix_;
  Report& report_;
};

bool is_fetched(const KeySettings& key) { return !key.jwks_url.empty() || key.discovery == Switch::on; }

bool is_the_same_set(const KeySettings& a, const KeySettings& b) {
  if (!a.jwks_url.empty() || !b.jwks_url.empty()) return a.jwks_url == b.jwks_url;
  return a.issuer == b.issuer;
}

bool is_fetched_alike(const KeySettings& a, const KeySettings& b) {
  return a.jwks_ca_file == b.jwks_ca_file && a.jwks_min_interval == b.jwks_min_interval &&
         a.jwks_age_max == b.jwks_age_max && a.jwks_stale_max == b.jwks_stale_max &&
         a.jwks_wait == b.jwks_wait;
}

}  // namespace

void check_key(KeySettings& key, const Written& written, const std::string& prefix, Report& report) {
  KeyCheck(key, written, prefix, report).all();
}

void check_key_sets(const std::vector<KeySettings>& keys, Report& report) {
  std::vector<const KeySettings*> sets;
  for (const KeySettings& key : keys) {
    if (!is_fetched(key)) continue;
    const auto same = std::find_if(sets.begin(), sets.end(),
                                   [&](const KeySettings* other) { return is_the_same_set(key, *other); });
    if (same == sets.end()) {
      sets.push_back(&key);
    } else if (!is_fetched_alike(key, **same)) {
      report.error(key.origin, "keys." + printable(key.name),
                   cat({"fetches the same key set as keys.", printable((*same)->name),
                        " with other values of jwks_*; write the same ones in both"}));
    }
    if (sets.size() > kKeySetsMax) {
      report.error(key.origin, "keys",
                   cat({"has more than ", std::to_string(kKeySetsMax),
                        " key sets that are fetched; remove some, or write jwks_file"}));
      return;
    }
  }
}

}  // namespace carillon::config
