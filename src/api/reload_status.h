// ReloadStatus: how the last reloads of the configuration ended, for /health and /metrics.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"

namespace carillon::api {

class ReloadStatus {
 public:
  struct Shown {
    std::uint64_t succeeded = 0;  // how many
    std::uint64_t failed = 0;
    std::optional<WallTime> succeeded_at;  // the last one
    std::optional<WallTime> failed_at;
    std::string error;  // of the last reload; empty when it succeeded
  };

  void note_success(WallTime now) {
    const std::lock_guard lock(mutex_);
    ++shown_.succeeded;
    shown_.succeeded_at = now;
    shown_.error.clear();
  }
  // `error`: the first problem. The settings are those of before.
  void note_failure(WallTime now, std::string error) {
    const std::lock_guard lock(mutex_);
    ++shown_.failed;
    shown_.failed_at = now;
    shown_.error = std::move(error);
  }
  Shown get() const {
    const std::lock_guard lock(mutex_);
    return shown_;
  }

 private:
  mutable std::mutex mutex_;
  Shown shown_;
};

}  // namespace carillon::api
