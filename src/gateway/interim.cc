#include "gateway/interim.h"

namespace carillon::gateway {

Exchange& Interim::begin_exchange(http::HeadLimits limits) {
  CARILLON_ASSERT(bits_ == 0);
  bits_ = reinterpret_cast<std::uintptr_t>(new Exchange(limits));
  return exchange();
}

Inbound& Interim::make_inbound() {
  if (bits_ == 0) bits_ = reinterpret_cast<std::uintptr_t>(new Inbound) | kInbound;
  Inbound* const there = inbound();
  CARILLON_ASSERT(there);
  return *there;
}

void Interim::reset() {
  if (Inbound* const there = inbound()) {
    delete there;
  } else {
    delete reinterpret_cast<Exchange*>(bits_);
  }
  bits_ = 0;
}

}  // namespace carillon::gateway
