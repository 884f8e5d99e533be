#include "fetch/curl_library.h"

#include <dlfcn.h>

#include <string>

namespace carillon::fetch {
namespace {

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(::dlsym(library, name));
  return out != nullptr;
}

bool find_all(void* library, CurlLibrary& curl) {
  return find(library, "curl_global_init", curl.global_init) &&
         find(library, "curl_easy_init", curl.easy_init) &&
         find(library, "curl_easy_setopt", curl.easy_setopt) &&
         find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
         find(library, "curl_easy_strerror", curl.easy_strerror) &&
         find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
         find(library, "curl_multi_init", curl.multi_init) &&
         find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
         find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
         find(library, "curl_multi_perform", curl.multi_perform) &&
         find(library, "curl_multi_info_read", curl.multi_info_read) &&
         find(library, "curl_multi_poll", curl.multi_poll) &&
         find(library, "curl_multi_wakeup", curl.multi_wakeup) &&
         find(library, "curl_multi_cleanup", curl.multi_cleanup);
}

Result<const CurlLibrary*> load() {
  static CurlLibrary curl;
  // The OpenSSL flavour: it shares libssl with this process.
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = ::dlerror();
    return failure("a key set is fetched with libcurl, which is not installed (Debian package libcurl4): " +
                   std::string(why != nullptr ? why : "no reason given"));
  }
  if (!find_all(library, curl)) return failure("this libcurl is too old to fetch key sets; 7.68 is needed");
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return failure("libcurl does not start");
  return &curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
  static const Result<const CurlLibrary*> loaded = load();
  return loaded;
}

}  // namespace carillon::fetch
