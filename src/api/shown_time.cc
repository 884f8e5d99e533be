#include "api/shown_time.h"

namespace carillon::api {

WallTime shown_time(const Moment& then, const Moment& now) {
  const auto computed = now.wall - std::chrono::duration_cast<milliseconds>(now.mono - then.mono);
  const auto difference = computed - then.wall;
  const bool was_set = difference > seconds(1) || difference < -seconds(1);
  return was_set ? computed : then.wall;
}

}  // namespace carillon::api
