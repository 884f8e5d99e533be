// KeyStore: the key sets that are fetched from issuers. A KeySetSlot has the keys of one address: keys are
// found by address, id and algorithm, never by id alone, so that one issuer's key never admits another's
// token.
//
// The store does no I/O and has no clock: gateway/key_set_updater.h fetches what begin_if_due() returns.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/jwks.h"
#include "auth/key_set_fetcher.h"
#include "auth/key_set_refresh.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::auth {

constexpr milliseconds kFetchTimeout{5'000};  // of one document, redirects included

// Where a key set comes from.
struct KeySetSource {
  std::string jwks_url;  // empty: found by discovery
  std::string issuer;    // for discovery
  std::string ca_file;
  bool operator==(const KeySetSource&) const = default;
};

// Returns where the keys of [keys.<name>] are fetched from; nothing when they are in the configuration.
std::optional<KeySetSource> source_of(const config::KeySettings& settings);
KeySetTimes times_of(const config::KeySettings& settings);

// How a fetch ended; its names are labels of a metric.
enum class FetchOutcome : std::uint8_t {
  changed,
  unchanged,
  unreachable,
  timeout,
  tls,
  status,
  redirect,
  too_large,
  invalid,
  count
};
std::string_view name_of(FetchOutcome outcome);

// One fetch that begins: of the keys, or of the issuer's metadata that names their address.
struct KeySetFetch {
  FetchRequest request;
  std::string discovered_for;  // the issuer, for metadata; empty: the document has the keys
};

// What a fetch brought, parsed. Parsing takes milliseconds, so it is done on the fetcher's thread.
struct KeySetDocument {
  struct Fault {
    FetchOutcome outcome;
    std::string detail;
  };
  struct Address {
    std::string jwks_uri;
  };
  std::variant<Fault, Address, std::shared_ptr<const KeySet>> content;
  std::optional<seconds> max_age;
};
KeySetDocument read_document(const KeySetFetch& fetch, const FetchResult& result);

// What metrics show of one set.
struct KeySetStatus {
  double keys = 0;          // 0: none are in use
  double fetched_at_s = 0;  // since 1970: when the keys in use were last fetched
  std::array<std::uint64_t, static_cast<std::size_t>(FetchOutcome::count)> fetches{};
};

// Thread: any, unless stated otherwise.
class KeySetSlot {
 public:
  KeySetSlot(std::string name, KeySetSource source, const KeySetTimes& times);

  const std::string& name() const { return name_; }  // of the first key that uses it, for logs and metrics
  const KeySetSource& source() const { return source_; }
  // What log lines show: the URL, or the issuer.
  const std::string& shown() const { return source_.jwks_url.empty() ? source_.issuer : source_.jwks_url; }

  // Increases with each change of the keys. It costs one load, so every token may compare it.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // The keys in use; null while there are none.
  std::shared_ptr<const KeySet> keys() const;

  // A token names a key that the set does not have. Returns how long a client may wait for a fetch that may
  // bring it; nothing when none is under way or allowed now.
  std::optional<milliseconds> ask(MonoTime now);

  // --- for the updater, on its thread ---
  std::optional<KeySetFetch> begin_if_due(MonoTime now);
  struct Ended {
    std::optional<KeySetFetch> next;  // the metadata named an address, whose keys must be fetched now
    FetchOutcome outcome = FetchOutcome::unchanged;
    std::string detail;                    // of a failure
    std::shared_ptr<const KeySet> before;  // null: there were none
    std::shared_ptr<const KeySet> now;     // in use from now on
  };
  Ended on_fetched(const KeySetDocument& document, MonoTime now, WallTime wall_now);
  // Drops keys that are too old to be used. Returns whether there were some.
  bool drop_if_too_old(MonoTime now);
  MonoTime next_event() const;
  void set_times(const KeySetTimes& times);

  KeySetStatus status() const;

 private:
  KeySetFetch fetch_of_keys(const std::string& url) const;
  void replace_keys(std::shared_ptr<const KeySet> keys);

  const std::string name_;
  const KeySetSource source_;
  std::atomic<std::uint64_t> version_{0};
  mutable std::mutex mutex_;  // of all below
  KeySetRefresh refresh_;
  std::shared_ptr<const KeySet> keys_;
  WallTime fetched_at_{};
  std::array<std::uint64_t, static_cast<std::size_t>(FetchOutcome::count)> fetches_{};
};

// Thread: any; configure() and set_wake() by one thread. The slots may outlive it: each authenticator holds
// those that it uses.
class KeyStore {
 public:
  using Slots = std::vector<std::shared_ptr<KeySetSlot>>;

  // `wake` is called, on any thread, when a slot was asked for a fetch.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  // Makes a slot for each key set that the keys need. A slot whose address is unchanged keeps its keys, so
  // that new settings cause no fetch; slots that are no longer needed are dropped. Call it before making
  // authenticators from `keys`.
  void configure(const std::vector<config::KeySettings>& keys);
  Slots slots() const;
  // Returns null when the key's set is not one of configure()'s.
  std::shared_ptr<KeySetSlot> find(const config::KeySettings& key) const;

  // Has the updater look at the slots.
  void wake() const {
    if (wake_) wake_();
  }

 private:
  std::function<void()> wake_;
  mutable std::mutex mutex_;  // of slots_
  Slots slots_;
};

}  // namespace carillon::auth
