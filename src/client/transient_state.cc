#include "client/transient_state.h"

namespace carillon::client {

HttpExchange& TransientState::begin_exchange(http::HeadLimits limits) {
  CARILLON_ASSERT(bits_ == 0);
  bits_ = reinterpret_cast<std::uintptr_t>(new HttpExchange(limits));
  return exchange();
}

Inbound& TransientState::make_inbound() {
  if (bits_ == 0) bits_ = reinterpret_cast<std::uintptr_t>(new Inbound) | kInbound;
  Inbound* const there = inbound();
  CARILLON_ASSERT(there);
  return *there;
}

void TransientState::reset() {
  if (Inbound* const there = inbound()) {
    delete there;
  } else {
    delete reinterpret_cast<HttpExchange*>(bits_);
  }
  bits_ = 0;
}

}  // namespace carillon::client
