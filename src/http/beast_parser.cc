// The only file that knows Boost.Beast.
#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <limits>

#include "http/head_parser.h"

namespace carillon::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

class HeadCollector final : public beast::http::basic_parser<true> {
 public:
  HeadCollector(std::string_view text, RequestHead& head) : text_(text), head_(head) {
    header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadReader has its own
    body_limit(boost::none);
  }
  // False where Beast handed us bytes that are not the head's own, as it does when it unfolds a line.
  bool views_are_ours() const { return views_are_ours_; }

 private:
  std::string_view ours(beast::string_view view) {
    if (view.empty()) return {};
    const std::less<const char*> before;
    const char* end = text_.data() + text_.size();
    if (before(view.data(), text_.data()) || before(end, view.data() + view.size())) {
      views_are_ours_ = false;
      return {};
    }
    return {view.data(), view.size()};
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       ErrorCode& ec) override {
    ec = {};
    head_.method = ours(method);
    head_.target = ours(target);
    head_.minor_version = version - 10;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorCode& ec) override {
    ec = {};
    head_.headers.push_back({ours(name), ours(value)});
  }
  void on_header_impl(ErrorCode& ec) override { ec = {}; }

  // Bodies are BodyReader's.
  void on_response_impl(int, beast::string_view, int, ErrorCode& ec) override { ec = {}; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode& ec) override { ec = {}; }
  std::size_t on_body_impl(beast::string_view, ErrorCode& ec) override {
    ec = {};
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode& ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, ErrorCode& ec) override {
    ec = {};
    return 0;
  }
  void on_finish_impl(ErrorCode& ec) override { ec = {}; }

  std::string_view text_;
  RequestHead& head_;
  bool views_are_ours_ = true;
};

std::string_view reason_for(const ErrorCode& ec) {
  using beast::http::error;
  if (ec == error::bad_content_length || ec == error::multiple_content_length) return "bad Content-Length";
  if (ec == error::bad_transfer_encoding) return "bad Transfer-Encoding";
  if (ec == error::bad_value) return "bad header value";
  return "malformed request head";
}

}  // namespace

std::optional<Fault> parse_head(std::string_view text, RequestHead& head) {
  HeadCollector collector(text, head);
  ErrorCode ec;
  const std::size_t taken = collector.put(boost::asio::const_buffer(text.data(), text.size()), ec);
  if (ec) return Fault{400, reason_for(ec)};
  if (!collector.is_header_done() || taken != text.size() || !collector.views_are_ours()) {
    return Fault{400, "malformed request head"};
  }
  return std::nullopt;
}

}  // namespace carillon::http
