#pragma once

#include <string>
#include <string_view>

namespace carillon {

// Secret: bytes that must never be printed. They are compared in constant time and wiped when destroyed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  // The only access to the bytes; the name is long so that a review finds every use.
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

// Returns true when both are equal, in the same time wherever they differ. Lengths are not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace carillon
