#include "app/command/key_set_findings.h"

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/time.h"
#include "fetch/curl_fetcher.h"

namespace carillon::app {
namespace {

auth::FetchResult wait_for(auth::KeySetFetcher& fetcher, auth::FetchRequest request) {
  const auto promise = std::make_shared<std::promise<auth::FetchResult>>();
  auto result = promise->get_future();
  fetcher.fetch(std::move(request), [promise](auth::FetchResult got) { promise->set_value(std::move(got)); });
  return result.get();
}

Finding finding_of(const auth::KeySetSlot& slot) {
  return {"keys." + slot.name(), Verdict::good, {}, {}, "key set at " + slot.shown(), {}};
}

Finding failed(Finding finding, std::string why) {
  finding.verdict = Verdict::must_change;
  finding.value = "not available";
  finding.wanted = "a JSON Web Key Set with a key for signatures";
  finding.remedy = std::move(why);
  return finding;
}

Finding fetch_one(auth::KeySetSlot& slot, auth::KeySetFetcher& fetcher) {
  auth::KeySetSlot::Ended ended;
  ended.next = slot.begin_if_due(mono_now());
  while (ended.next) {
    const auth::KeySetFetch fetch = std::move(*ended.next);
    const auto document = auth::read_document(fetch, wait_for(fetcher, fetch.request));
    ended = slot.on_fetched(document, mono_now(), wall_now());
  }
  Finding finding = finding_of(slot);
  if (!ended.now)
    return failed(std::move(finding), std::string(name_of(ended.outcome)) + ": " + ended.detail);
  finding.value = std::to_string(ended.now->keys.size()) + " keys: " + missing_ids(*ended.now, {});
  if (ended.now->secrets > 0) {
    finding.verdict = Verdict::must_change;
    finding.wanted = "no private or shared keys in it";
    finding.remedy = "remove this key at the issuer, and replace it: " + ended.now->ignored_why.front();
  }
  return finding;
}

}  // namespace

std::vector<Finding> fetch_key_sets(auth::KeyStore& store) {
  std::vector<Finding> findings;
  if (store.slots().empty()) return findings;
  const auto fetcher = fetch::make_curl_fetcher();
  for (const auto& slot : store.slots()) {
    findings.push_back(fetcher ? fetch_one(*slot, **fetcher)
                               : failed(finding_of(*slot), fetcher.error().message));
  }
  return findings;
}

}  // namespace carillon::app
