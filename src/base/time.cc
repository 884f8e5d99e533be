#include "base/time.h"

#include <cstdio>
#include <ctime>

namespace carillon {
namespace {

// 64 holds the longest rendering even of a time far outside the years with four digits.
struct Rendered {
  char text[64];
};

std::string render(WallTime time, bool with_milliseconds) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = static_cast<int>((time - whole).count());
  const std::time_t unix_seconds = whole.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&unix_seconds, &parts);
  Rendered out{};
  const auto length = std::strftime(out.text, sizeof out.text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string result(out.text, length);
  if (with_milliseconds) {
    std::snprintf(out.text, sizeof out.text, ".%03d", rest);
    result += out.text;
  }
  result += 'Z';
  return result;
}

}  // namespace

MonoTime mono_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return MonoTime(std::chrono::duration_cast<MonoClock::duration>(now));
}

WallTime wall_now() { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }

std::string rfc3339_seconds(WallTime time) { return render(time, false); }
std::string rfc3339_milliseconds(WallTime time) { return render(time, true); }

}  // namespace carillon
