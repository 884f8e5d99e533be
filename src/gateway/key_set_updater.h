// KeySetUpdater: has the key sets of a node, fetches them when they are due, and logs what changes.
//
// Thread: loop 0's. Before the loops run, the thread that made it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "auth/key_set_fetcher.h"
#include "auth/key_store.h"
#include "base/line_sampler.h"
#include "base/log.h"
#include "config/settings.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class KeySetUpdater {
 public:
  using MakeFetcher = std::function<Result<std::unique_ptr<auth::KeySetFetcher>>()>;

  // `on_fetched` is called after each fetch, whether it brought keys or not. `log` outlives it.
  KeySetUpdater(MakeFetcher make_fetcher, Log& log, std::function<void()> on_fetched);
  KeySetUpdater(const KeySetUpdater&) = delete;
  KeySetUpdater& operator=(const KeySetUpdater&) = delete;
  ~KeySetUpdater();

  // Takes over the key sets of these keys. A set whose address is unchanged keeps its keys. Makes the fetcher
  // when the first set that is fetched appears; fails, and changes nothing, when that is impossible. Then
  // authenticators that are made from `keys` find their sets in the store.
  Result<std::monostate> configure(const std::vector<config::KeySettings>& keys);
  // Begins to fetch; `loop` outlives it. Call once, before any authenticator is used.
  void start(reactor::Loop& loop);

  const auth::KeyStore& store() const { return store_; }

 private:
  void wake();  // any thread
  void run();
  void begin(const std::shared_ptr<auth::KeySetSlot>& slot, auth::KeySetFetch fetch);
  void on_ended(const std::shared_ptr<auth::KeySetSlot>& slot, const auth::KeySetDocument& document);
  void schedule();
  void log_change(const auth::KeySetSlot& slot, const auth::KeySetSlot::Ended& ended);
  void log_failure(const auth::KeySetSlot& slot, const auth::KeySetSlot::Ended& ended);

  auth::KeyStore store_;
  reactor::Loop* loop_ = nullptr;  // null before start()
  const MakeFetcher make_fetcher_;
  Log& log_;
  const std::function<void()> on_fetched_;
  LineSampler sampler_{{.lines_max = 10, .interval = std::chrono::minutes(1)}};
  std::atomic<bool> is_woken_{false};
  reactor::Loop::TimerId timer_ = 0;
  std::unique_ptr<auth::KeySetFetcher> fetcher_;  // null while no set is fetched; ended first
};

}  // namespace carillon::gateway
