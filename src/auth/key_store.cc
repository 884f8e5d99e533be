#include "auth/key_store.h"

#include <algorithm>

#include "auth/discovery.h"
#include "config/text.h"

namespace carillon::auth {
namespace {

using Fault = KeySetDocument::Fault;

FetchOutcome outcome_of(FetchFault fault) {
  switch (fault) {
    case FetchFault::unreachable:
      return FetchOutcome::unreachable;
    case FetchFault::timeout:
      return FetchOutcome::timeout;
    case FetchFault::tls:
      return FetchOutcome::tls;
    case FetchFault::status:
      return FetchOutcome::status;
    case FetchFault::redirect:
      return FetchOutcome::redirect;
    case FetchFault::too_large:
      return FetchOutcome::too_large;
    case FetchFault::count:
      break;
  }
  return FetchOutcome::unreachable;
}

}  // namespace

std::optional<KeySetSource> source_of(const config::KeySettings& settings) {
  if (!settings.jwks_url.empty()) return KeySetSource{settings.jwks_url, {}, settings.jwks_ca_file};
  if (settings.discovery == config::Switch::on) {
    return KeySetSource{{}, settings.issuer, settings.jwks_ca_file};
  }
  return std::nullopt;
}

KeySetTimes times_of(const config::KeySettings& settings) {
  return {settings.jwks_min_interval, settings.jwks_age_max, settings.jwks_stale_max, settings.jwks_wait};
}

KeySetDocument read_document(const KeySetFetch& fetch, const FetchResult& result) {
  if (!result) return {Fault{outcome_of(result.error().fault), result.error().detail}, std::nullopt};
  if (!fetch.discovered_for.empty()) {
    auto uri = jwks_uri_in(result->body, fetch.discovered_for);
    if (uri) return {KeySetDocument::Address{std::move(*uri)}, std::nullopt};
    return {Fault{FetchOutcome::invalid, "the metadata " + uri.error().message}, std::nullopt};
  }
  auto keys = parse_jwks(result->body);
  if (!keys) return {Fault{FetchOutcome::invalid, "the document " + keys.error().message}, std::nullopt};
  return {std::make_shared<const KeySet>(std::move(*keys)), result->max_age};
}

std::string_view name_of(FetchOutcome outcome) {
  switch (outcome) {
    case FetchOutcome::changed:
      return "changed";
    case FetchOutcome::unchanged:
      return "unchanged";
    case FetchOutcome::unreachable:
      return "unreachable";
    case FetchOutcome::timeout:
      return "timeout";
    case FetchOutcome::tls:
      return "tls";
    case FetchOutcome::status:
      return "status";
    case FetchOutcome::redirect:
      return "redirect";
    case FetchOutcome::too_large:
      return "too_large";
    case FetchOutcome::invalid:
      return "invalid";
    case FetchOutcome::count:
      break;
  }
  return "";
}

// --- one slot -----------------------------------------------------------------------------------

KeySetSlot::KeySetSlot(std::string name, KeySetSource source, const KeySetTimes& times)
    : name_(std::move(name)), source_(std::move(source)), refresh_(times) {}

std::shared_ptr<const KeySet> KeySetSlot::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

std::optional<milliseconds> KeySetSlot::ask(MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (refresh_.on_missing_key(now) == KeySetRefresh::Answer::not_now) return std::nullopt;
  return refresh_.times().wait;
}

std::optional<KeySetFetch> KeySetSlot::begin_if_due(MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (!refresh_.begin_if_due(now)) return std::nullopt;
  if (!source_.jwks_url.empty()) return fetch_of_keys(source_.jwks_url);
  return KeySetFetch{{.url = discovery_url(source_.issuer),
                      .ca_file = source_.ca_file,
                      .timeout = kFetchTimeout,
                      .bytes_max = kDiscoveryBytesMax},
                     source_.issuer};
}

KeySetFetch KeySetSlot::fetch_of_keys(const std::string& url) const {
  return {{.url = url, .ca_file = source_.ca_file, .timeout = kFetchTimeout, .bytes_max = kJwksBytesMax}, {}};
}

KeySetSlot::Ended KeySetSlot::on_fetched(const KeySetDocument& document, MonoTime now, WallTime wall_now) {
  const std::lock_guard lock(mutex_);
  Ended ended;
  ended.before = keys_;
  ended.now = keys_;
  if (const auto* address = std::get_if<KeySetDocument::Address>(&document.content)) {
    ended.next = fetch_of_keys(address->jwks_uri);
    return ended;
  }
  if (const auto* fault = std::get_if<Fault>(&document.content)) {
    refresh_.on_failure(now);
    ended.outcome = fault->outcome;
    ended.detail = fault->detail;
  } else {
    const auto& keys = std::get<std::shared_ptr<const KeySet>>(document.content);
    refresh_.on_success(now, document.max_age);
    fetched_at_ = wall_now;
    const bool is_same = keys_ && same_keys(*keys_, *keys);
    ended.outcome = is_same ? FetchOutcome::unchanged : FetchOutcome::changed;
    if (!is_same) replace_keys(keys);
    ended.now = keys_;
  }
  ++fetches_[static_cast<std::size_t>(ended.outcome)];
  return ended;
}

// The caller holds the mutex.
void KeySetSlot::replace_keys(std::shared_ptr<const KeySet> keys) {
  keys_ = std::move(keys);
  version_.fetch_add(1, std::memory_order_release);
}

bool KeySetSlot::drop_if_too_old(MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (!refresh_.is_too_old(now)) return false;
  refresh_.on_dropped();
  replace_keys(nullptr);
  return true;
}

MonoTime KeySetSlot::next_event() const {
  const std::lock_guard lock(mutex_);
  return refresh_.next_event();
}

void KeySetSlot::set_times(const KeySetTimes& times) {
  const std::lock_guard lock(mutex_);
  refresh_.set_times(times);
}

KeySetStatus KeySetSlot::status() const {
  const std::lock_guard lock(mutex_);
  KeySetStatus status;
  status.fetches = fetches_;
  if (keys_) {
    status.keys = static_cast<double>(keys_->keys.size());
    status.fetched_at_s = std::chrono::duration<double>(fetched_at_.time_since_epoch()).count();
  }
  return status;
}

// --- all of them --------------------------------------------------------------------------------

void KeyStore::configure(const std::vector<config::KeySettings>& keys) {
  Slots slots;
  for (const config::KeySettings& key : keys) {
    const auto source = source_of(key);
    if (!source) continue;
    const auto is_same = [&](const auto& slot) { return slot->source() == *source; };
    if (std::any_of(slots.begin(), slots.end(), is_same)) continue;
    const auto known = std::find_if(slots_.begin(), slots_.end(), is_same);
    if (known == slots_.end()) {
      slots.push_back(std::make_shared<KeySetSlot>(key.name, *source, times_of(key)));
    } else {
      (*known)->set_times(times_of(key));
      slots.push_back(*known);
    }
  }
  const std::lock_guard lock(mutex_);
  slots_ = std::move(slots);
}

KeyStore::Slots KeyStore::slots() const {
  const std::lock_guard lock(mutex_);
  return slots_;
}

std::shared_ptr<KeySetSlot> KeyStore::find(const config::KeySettings& key) const {
  const auto source = source_of(key);
  if (!source) return nullptr;
  for (const auto& slot : slots()) {
    if (slot->source() == *source) return slot;
  }
  return nullptr;
}

}  // namespace carillon::auth
