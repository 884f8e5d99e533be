#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carillon::reactor {

// WriteBuffer: bytes that wait to be sent, consumed from the front.
// Thread: one. The caller limits what it appends.
class WriteBuffer {
 public:
  bool empty() const { return begin_ == bytes_.size(); }
  std::size_t size() const { return bytes_.size() - begin_; }
  // The view is valid until the next append() or consume().
  std::string_view view() const { return std::string_view(bytes_).substr(begin_); }
  void append(std::string_view bytes) { bytes_.append(bytes); }

  // The rest moves to the front only when it is the smaller part, so that each byte moves about once. A large
  // buffer is freed when it becomes empty.
  void consume(std::size_t count) {
    begin_ += count;
    if (empty()) {
      begin_ = 0;
      if (bytes_.capacity() > kKeptBytesMax) {
        bytes_ = std::string();
      } else {
        bytes_.clear();
      }
    } else if (begin_ > bytes_.size() / 2) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
  }

 private:
  static constexpr std::size_t kKeptBytesMax = 64 * 1024;
  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace carillon::reactor
