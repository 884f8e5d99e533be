#include "gateway/key_set_updater.h"

#include <algorithm>
#include <string>
#include <utility>

namespace carillon::gateway {

using auth::FetchOutcome;
using auth::KeySetSlot;

KeySetUpdater::KeySetUpdater(MakeFetcher make_fetcher, Log& log, std::function<void()> on_fetched)
    : make_fetcher_(std::move(make_fetcher)), log_(log), on_fetched_(std::move(on_fetched)) {
  store_.set_wake([this] { wake(); });
}

KeySetUpdater::~KeySetUpdater() {
  if (loop_) loop_->cancel(timer_);
}

Result<std::monostate> KeySetUpdater::configure(const std::vector<config::KeySettings>& keys) {
  const auto fetched = std::find_if(keys.begin(), keys.end(),
                                    [](const auto& key) { return auth::source_of(key).has_value(); });
  if (fetched != keys.end() && !fetcher_) {
    if (!make_fetcher_) return failure("keys: key sets cannot be fetched here");
    auto made = make_fetcher_();
    if (!made) {
      return failure(fetched->origin.text() + ": keys." + fetched->name + ": " + made.error().message);
    }
    fetcher_ = std::move(*made);
  }
  store_.configure(keys);
  if (loop_) run();
  return std::monostate{};
}

void KeySetUpdater::start(reactor::Loop& loop) {
  loop_ = &loop;
  run();
}

void KeySetUpdater::wake() {
  if (loop_ && !is_woken_.exchange(true)) loop_->post_always([this] { run(); });
}

void KeySetUpdater::run() {
  is_woken_ = false;
  const MonoTime now = loop_->now();
  for (const auto& slot : store_.slots()) {
    if (slot->drop_if_too_old(now)) {
      log_.error("the keys of a key set are too old and no longer used",
                 {{"key", std::string_view(slot->name())}, {"source", std::string_view(slot->shown())}});
      on_fetched_();
    }
    if (auto fetch = slot->begin_if_due(now)) begin(slot, std::move(*fetch));
  }
  schedule();
}

// The document is parsed on the fetcher's thread, because checking its keys takes milliseconds.
void KeySetUpdater::begin(const std::shared_ptr<KeySetSlot>& slot, auth::KeySetFetch fetch) {
  auth::FetchRequest request = fetch.request;
  fetcher_->fetch(
      std::move(request), [this, slot, fetch = std::move(fetch)](const auth::FetchResult& result) {
        loop_->post_always(
            [this, slot, document = auth::read_document(fetch, result)] { on_ended(slot, document); });
      });
}

void KeySetUpdater::on_ended(const std::shared_ptr<KeySetSlot>& slot, const auth::KeySetDocument& document) {
  auto ended = slot->on_fetched(document, loop_->now(), loop_->wall_now());
  if (ended.next) {
    begin(slot, std::move(*ended.next));
    return;
  }
  if (ended.outcome == FetchOutcome::changed) {
    log_change(*slot, ended);
  } else if (ended.outcome != FetchOutcome::unchanged) {
    log_failure(*slot, ended);
  }
  on_fetched_();
  run();
}

void KeySetUpdater::schedule() {
  loop_->cancel(std::exchange(timer_, 0));
  MonoTime next = MonoTime::max();
  for (const auto& slot : store_.slots()) next = std::min(next, slot->next_event());
  if (next == MonoTime::max()) return;
  const MonoTime now = loop_->now();
  timer_ = loop_->call_after(next > now ? next - now : MonoClock::duration(0), [this] {
    timer_ = 0;
    run();
  });
}

void KeySetUpdater::log_change(const KeySetSlot& slot, const KeySetSlot::Ended& ended) {
  const std::string added =
      ended.before ? missing_ids(*ended.now, *ended.before) : missing_ids(*ended.now, auth::KeySet{});
  const std::string removed = ended.before ? missing_ids(*ended.before, *ended.now) : "";
  const std::string ignored = ended.now->ignored_why.empty() ? "" : ended.now->ignored_why.front();
  const auto level = ended.now->secrets > 0 ? LogLevel::warning : LogLevel::info;
  log_.write(level, "key set changed",
             {{"key", std::string_view(slot.name())},
              {"source", std::string_view(slot.shown())},
              {"keys", static_cast<std::int64_t>(ended.now->keys.size())},
              {"added", std::string_view(added)},
              {"removed", std::string_view(removed)},
              {"ignored", static_cast<std::int64_t>(ended.now->ignored)},
              {"detail", std::string_view(ignored)}});
}

void KeySetUpdater::log_failure(const KeySetSlot& slot, const KeySetSlot::Ended& ended) {
  const auto suppressed = sampler_.admit(auth::name_of(ended.outcome), loop_->now());
  if (!suppressed) return;
  const std::size_t keys = ended.now ? ended.now->keys.size() : 0;
  log_.warning("a key set could not be fetched", {{"key", std::string_view(slot.name())},
                                                  {"source", std::string_view(slot.shown())},
                                                  {"outcome", auth::name_of(ended.outcome)},
                                                  {"detail", std::string_view(ended.detail)},
                                                  {"keys", static_cast<std::int64_t>(keys)},
                                                  {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

}  // namespace carillon::gateway
