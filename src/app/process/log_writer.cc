#include "app/process/log_writer.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>

#include "app/process/log_format.h"
#include "app/terminal.h"
#include "base/time.h"

namespace carillon::app {
namespace {

constexpr milliseconds kPipePatience{1000};
constexpr milliseconds kPollSlack{50};
constexpr std::size_t kAtomicWrite = 4096;  // PIPE_BUF: when poll() reports writable, there is room for this

Result<LogLevel> level_of(std::string_view name) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    if (name_of(level) == name) return level;
  }
  return failure("log.level: unknown level; write debug, info, warning or error");
}

// Standard error, but with patience only for a second a line, and once the process ends for a second in all:
// a reader that has gone to sleep must not keep the process from ending.
class ImpatientSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // The process ends: from now on all lines together have until then.
  void end_by(MonoTime deadline) { deadline_.store(deadline, std::memory_order_relaxed); }
  // Waits until flush_() was called, at most until the deadline; false when it was not.
  bool wait_for_flush(MonoTime deadline) {
    std::unique_lock lock(flushed_mutex_);
    return flushed_condition_.wait_for(lock, std::chrono::nanoseconds(deadline - mono_now()),
                                       [this] { return flushed_; });
  }

 private:
  int patience_ms() const {
    const auto left = deadline_.load(std::memory_order_relaxed) - mono_now();
    const auto wait = std::clamp<MonoClock::duration>(left, MonoClock::duration::zero(), kPipePatience);
    return static_cast<int>(std::chrono::duration_cast<milliseconds>(wait).count());
  }
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line(message.payload.data(), message.payload.size());
    line += '\n';
    std::string_view left = line;
    while (!left.empty()) {
      pollfd wait{STDERR_FILENO, POLLOUT, 0};
      const bool writable = ::poll(&wait, 1, patience_ms()) == 1 && (wait.revents & POLLOUT);
      const ssize_t written =
          writable ? ::write(STDERR_FILENO, left.data(), std::min(left.size(), kAtomicWrite)) : -1;
      if (written <= 0) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void flush_() override {
    const std::lock_guard lock(flushed_mutex_);
    flushed_ = true;
    flushed_condition_.notify_all();
  }

  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<MonoTime> deadline_{MonoTime::max()};
  std::mutex flushed_mutex_;
  std::condition_variable flushed_condition_;
  bool flushed_ = false;
};

class SpdlogLogWriter final : public LogWriter {
 public:
  SpdlogLogWriter(LogLevel lowest, config::LogFormat format, std::size_t queue_lines_max)
      : lowest_(lowest),
        format_(format),
        colours_(has_colours(stderr) ? Colours::on : Colours::off),
        pool_(std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1)),
        sink_(std::make_shared<ImpatientSink>()),
        logger_(std::make_shared<spdlog::async_logger>("carillon", sink_, pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
  }

  ~SpdlogLogWriter() override {
    const MonoTime deadline = mono_now() + kPipePatience;
    sink_->end_by(deadline);
    logger_->flush();  // queued behind all lines
    if (sink_->wait_for_flush(deadline + kPollSlack)) return;
    // The thread hangs in a write. Joining it could take forever, so it is left to end with the process.
    logger_.reset();
    new std::shared_ptr<spdlog::details::thread_pool>(std::move(pool_));
  }

  void write_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    if (!is_written(level)) return;
    const std::string line = format_line(format_, {level, message, wall_now(), fields}, colours_);
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  bool is_written(LogLevel level) const override { return level >= lowest_.load(std::memory_order_relaxed); }

  void set_level(std::string_view level) override {
    if (const auto lowest = level_of(level)) lowest_.store(*lowest, std::memory_order_relaxed);
  }

  std::uint64_t dropped_lines() const override { return pool_->overrun_counter() + sink_->dropped(); }

 private:
  std::atomic<LogLevel> lowest_;
  const config::LogFormat format_;
  const Colours colours_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<ImpatientSink> sink_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::create(const config::LogSettings& settings) {
  const auto level = level_of(settings.level);
  if (!level) return tl::unexpected(level.error());
  const bool is_for_people = settings.format == config::LogFormat::text && ::isatty(STDERR_FILENO) == 1;
  const auto format = settings.format == config::LogFormat::text && !is_for_people ? config::LogFormat::json
                                                                                   : settings.format;
  return std::make_unique<SpdlogLogWriter>(*level, format, settings.queue_lines_max);
}

}  // namespace carillon::app
