// TimeValues: the values of the variables that show a time (config::kTimeVariables).
//
// Pure; thread: any.
#pragma once

#include <array>
#include <string>

#include "base/time.h"
#include "config/frame_variables.h"
#include "json/template.h"

namespace carillon::protocol {

class TimeValues {
 public:
  explicit TimeValues(WallTime time);

  WallTime time() const { return time_; }

  // `own`, and then the values of config::kTimeVariables, which are views into this object.
  template <std::size_t N>
  std::array<json::TemplateValue, N + config::kTimeVariables.size()> after(
      const std::array<json::TemplateValue, N>& own) const {
    std::array<json::TemplateValue, N + config::kTimeVariables.size()> all;
    std::copy(own.begin(), own.end(), all.begin());
    all[N] = json::TemplateValue::string(rfc3339_s_);
    all[N + 1] = json::TemplateValue::string(rfc3339_ms_);
    all[N + 2] = json::TemplateValue::raw(unix_s_);
    all[N + 3] = json::TemplateValue::raw(unix_ms_);
    return all;
  }

 private:
  WallTime time_;
  std::string rfc3339_s_;
  std::string rfc3339_ms_;
  std::string unix_s_;
  std::string unix_ms_;
};

}  // namespace carillon::protocol
