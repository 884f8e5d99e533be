// Identity: who a connection speaks for, as its verified token says. Immutable; shared by every
// connection that came with the same token.
#pragma once

#include <optional>
#include <string>

#include "base/ref.h"
#include "base/time.h"

namespace carillon::auth {

class Identity final : public RefCounted {
 public:
  static Ref<const Identity> make(std::string subject, std::optional<WallTime> expires_at) {
    return Ref<const Identity>::adopt(new Identity(std::move(subject), expires_at));
  }
  static void destroy(const Identity* identity) { delete identity; }

  const std::string& subject() const { return subject_; }  // "" without a `sub`
  // From then on the token is refused: `exp` and the key's leeway, in the year 2262 at the latest.
  std::optional<WallTime> expires_at() const { return expires_at_; }  // nothing: no `exp`

 private:
  Identity(std::string subject, std::optional<WallTime> expires_at)
      : subject_(std::move(subject)), expires_at_(expires_at) {}
  ~Identity() = default;

  std::string subject_;
  std::optional<WallTime> expires_at_;
};

}  // namespace carillon::auth
