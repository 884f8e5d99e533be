#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/ref.h"
#include "http/request_head.h"
#include "protocol/endpoint.h"

namespace carillon::protocol {

// EndpointTable: the endpoints by number, as one thread uses them. Several tables hold the same endpoints,
// one in each shard. A new configuration replaces all endpoints of a table at once, in a post of its loop:
// never while a client's bytes or timer are handled.
//
// Thread: its owner's. References to an endpoint are valid until the caller has returned to the loop.
class EndpointTable {
 public:
  using List = std::vector<Ref<const Endpoint>>;

  EndpointTable() = default;
  explicit EndpointTable(List endpoints) : endpoints_(std::move(endpoints)) {}

  std::size_t size() const { return endpoints_.size(); }
  const Endpoint& operator[](std::size_t number) const { return *endpoints_[number]; }
  const List& list() const { return endpoints_; }
  // Returns the primary endpoint with this path, or else the one whose path with a parameter matches it, or
  // null. `path` is `raw_path` decoded, for parameters; the rest is compared as it was sent: "/%77s" is not
  // "/ws", or it would get past a proxy that blocks "/ws".
  const Endpoint* at_path(std::string_view path, std::string_view raw_path) const;
  // Returns the endpoint at the path of a request, for the transport that the request asks for: a WebSocket
  // by `Upgrade`, a stream by `Accept`. A request that asks for none that there is gets the WebSocket's, or
  // where there is no WebSocket the primary one. Null: no endpoint has this path.
  const Endpoint* for_request(const http::RequestHead& head) const;

  // The rules of an engine: the group of sockets that speak HTTP comes first, then each endpoint's. The owner
  // of a log is the number of its endpoint.
  fanout::LagRules lag_rules() const;

  class Iterator {
   public:
    explicit Iterator(List::const_iterator at) : at_(at) {}
    const Endpoint& operator*() const { return **at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    List::const_iterator at_;
  };
  Iterator begin() const { return Iterator(endpoints_.begin()); }
  Iterator end() const { return Iterator(endpoints_.end()); }

  // `endpoints`: the same ones, with the same numbers, names, paths and transports, with other settings.
  // Connections and logs know their endpoint by its number.
  void replace(List endpoints) {
    CARILLON_ASSERT(are_the_same(endpoints_, endpoints));
    endpoints_ = std::move(endpoints);
  }
  // Whether replace() may be called with `next`.
  static bool are_the_same(const List& now, const List& next);

 private:
  List endpoints_;
};

}  // namespace carillon::protocol
