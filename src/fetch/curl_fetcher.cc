#include "fetch/curl_fetcher.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/time.h"
#include "fetch/curl_library.h"

namespace carillon::fetch {
namespace {

using auth::FetchError;
using auth::FetchFault;
using auth::FetchRequest;
using auth::FetchResult;
using Done = std::function<void(FetchResult)>;

constexpr int kPollMs = 1000;
constexpr std::string_view kCacheControl = "cache-control:";
constexpr long kStatusOk = 200;

struct Job {
  FetchRequest request;
  Done done;
};

// One fetch under way, with its redirects.
class Transfer {
 public:
  Transfer(const CurlLibrary& curl, Job job)
      : curl_(curl), job_(std::move(job)), end_(mono_now() + job_.request.timeout), url_(job_.request.url) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (easy_ != nullptr) curl_.easy_cleanup(easy_);
  }

  // Returns null when libcurl has no memory.
  CURL* prepare();
  CURL* handle() const { return easy_; }
  // What the transfer has brought; nothing when it was redirected and must be prepared again.
  std::optional<FetchResult> result(CURLcode code);
  void finish(FetchResult result) { job_.done(std::move(result)); }

 private:
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_.easy_setopt(easy_, option, value);
  }
  FetchError error_of(CURLcode code) const;
  std::optional<FetchResult> follow_redirect();

  const CurlLibrary& curl_;
  Job job_;
  const MonoTime end_;
  std::string url_;
  CURL* easy_ = nullptr;
  std::string body_;
  std::optional<seconds> max_age_;
  bool is_too_large_ = false;
  int redirects_ = 0;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

CURL* Transfer::prepare() {
  if (easy_ != nullptr) curl_.easy_cleanup(easy_);
  easy_ = curl_.easy_init();
  if (easy_ == nullptr) return nullptr;
  body_.clear();
  max_age_.reset();
  const bool is_plain = url_.starts_with("http://");
  const auto left = std::chrono::duration_cast<milliseconds>(end_ - mono_now());
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<milliseconds::rep>(left.count(), 1)));
  set(CURLOPT_FORBID_REUSE, 1L);  // a kept connection would hold a descriptor for an hour
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!job_.request.ca_file.empty()) set(CURLOPT_CAINFO, job_.request.ca_file.c_str());
  if (is_plain) set(CURLOPT_PROXY, "");  // a proxy cannot reach this machine's loopback
  set(CURLOPT_USERAGENT, "carillon/" CARILLON_VERSION);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_PRIVATE, this);
#if LIBCURL_VERSION_NUM >= 0x075700
  set(CURLOPT_QUICK_EXIT, 1L);  // a name that is being resolved must not delay the end of the process
#endif
  return easy_;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t length = size * count;
  if (length > transfer.job_.request.bytes_max - transfer.body_.size()) {
    transfer.is_too_large_ = true;
    return 0;
  }
  transfer.body_.append(bytes, length);
  return length;
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string_view line(bytes, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const bool is_it = line.size() > kCacheControl.size() &&
                     std::equal(kCacheControl.begin(), kCacheControl.end(), line.begin(),
                                [&](char wanted, char c) { return wanted == lower(c); });
  if (is_it) transfer.max_age_ = auth::max_age_of(line.substr(kCacheControl.size()));
  return size * count;
}

FetchError Transfer::error_of(CURLcode code) const {
  FetchFault fault = FetchFault::unreachable;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      fault = FetchFault::timeout;
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
      fault = FetchFault::tls;
      break;
    case CURLE_WRITE_ERROR:
      if (is_too_large_) {
        return {FetchFault::too_large,
                "the document has more than " + std::to_string(job_.request.bytes_max) + " bytes"};
      }
      break;
    default:
      break;
  }
  return {fault, error_[0] != '\0' ? error_.data() : curl_.easy_strerror(code)};
}

std::optional<FetchResult> Transfer::result(CURLcode code) {
  if (code != CURLE_OK) return tl::unexpected(error_of(code));
  long status = 0;
  curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 300 && status < 400) return follow_redirect();
  if (status != kStatusOk) {
    return tl::unexpected(FetchError{FetchFault::status, "the server answered " + std::to_string(status)});
  }
  return FetchResult(auth::FetchedDocument{std::move(body_), max_age_});
}

std::optional<FetchResult> Transfer::follow_redirect() {
  const char* target = nullptr;
  curl_.easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &target);
  const auto refused = [](std::string why) {
    return FetchResult(tl::unexpected(FetchError{FetchFault::redirect, std::move(why)}));
  };
  if (target == nullptr) return refused("the server redirects to nowhere");
  if (++redirects_ > auth::kRedirectsMax) return refused("the server redirects too often");
  if (!auth::may_redirect(job_.request.url, target)) return refused("the server redirects to another server");
  url_ = target;
  return std::nullopt;
}

class CurlFetcher final : public auth::KeySetFetcher {
 public:
  CurlFetcher(const CurlLibrary& curl, CURLM* multi)
      : curl_(curl), multi_(multi), thread_([this] { run(); }) {}
  CurlFetcher(const CurlFetcher&) = delete;
  CurlFetcher& operator=(const CurlFetcher&) = delete;
  ~CurlFetcher() override;

  void fetch(FetchRequest request, Done done) override;

 private:
  void run();
  bool take_jobs();  // false: the end
  void start(std::unique_ptr<Transfer> transfer);
  void finish_transfers();

  const CurlLibrary& curl_;
  CURLM* const multi_;
  std::mutex mutex_;
  std::vector<Job> jobs_;
  bool has_ended_ = false;
  std::vector<std::unique_ptr<Transfer>> transfers_;  // the thread's
  std::thread thread_;                                // begins when all else is there
};

CurlFetcher::~CurlFetcher() {
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
  }
  curl_.multi_wakeup(multi_);
  thread_.join();
  for (const auto& transfer : transfers_) curl_.multi_remove_handle(multi_, transfer->handle());
  transfers_.clear();
  curl_.multi_cleanup(multi_);
}

void CurlFetcher::fetch(FetchRequest request, Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(request), std::move(done)});
  }
  curl_.multi_wakeup(multi_);
}

void CurlFetcher::run() {
  ::pthread_setname_np(::pthread_self(), "key-sets");
  while (take_jobs()) {
    int running = 0;
    curl_.multi_perform(multi_, &running);
    finish_transfers();
    curl_.multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
}

bool CurlFetcher::take_jobs() {
  std::vector<Job> jobs;
  {
    const std::lock_guard lock(mutex_);
    if (has_ended_) return false;
    jobs.swap(jobs_);
  }
  for (Job& job : jobs) start(std::make_unique<Transfer>(curl_, std::move(job)));
  return true;
}

void CurlFetcher::start(std::unique_ptr<Transfer> transfer) {
  CURL* const easy = transfer->prepare();
  if (easy == nullptr || curl_.multi_add_handle(multi_, easy) != CURLM_OK) {
    transfer->finish(tl::unexpected(FetchError{FetchFault::unreachable, "no memory for the fetch"}));
    return;
  }
  transfers_.push_back(std::move(transfer));
}

void CurlFetcher::finish_transfers() {
  int left = 0;
  while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message ends with the next call
    const auto found = std::find_if(transfers_.begin(), transfers_.end(),
                                    [&](const auto& each) { return each->handle() == easy; });
    if (found == transfers_.end()) continue;
    std::unique_ptr<Transfer> transfer = std::move(*found);
    transfers_.erase(found);
    curl_.multi_remove_handle(multi_, easy);
    if (auto result = transfer->result(code)) {
      transfer->finish(std::move(*result));
    } else {
      start(std::move(transfer));
    }
  }
}

}  // namespace

Result<std::unique_ptr<auth::KeySetFetcher>> make_curl_fetcher() {
  const auto curl = curl_library();
  if (!curl) return tl::unexpected(curl.error());
  CURLM* const multi = (*curl)->multi_init();
  if (multi == nullptr) return failure("no memory to fetch key sets");
  return std::make_unique<CurlFetcher>(**curl, multi);
}

}  // namespace carillon::fetch
