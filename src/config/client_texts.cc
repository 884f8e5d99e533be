#include "config/client_texts.h"

namespace carillon::config {

ErrorDetails::ErrorDetails() {
  for (const ErrorDetailOption& each : kErrorDetails) (*this)[each.detail] = each.text;
}

}  // namespace carillon::config
