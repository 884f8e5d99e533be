#include "http/date_clock.h"

#include <algorithm>
#include <string>

namespace carillon::http {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

template <class Array>
void put_text(Array& out, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
}

template <class Array>
void put_number(Array& out, std::size_t at, std::size_t digits, unsigned value) {
  for (std::size_t i = digits; i-- > 0; value /= 10) out[at + i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string_view DateClock::at(WallTime now) {
  using namespace std::chrono;
  constexpr sys_seconds kFirst = sys_days(year(1970) / January / 1);
  constexpr sys_seconds kLast = sys_days(year(9999) / December / 31) + hours(23);
  const auto whole = std::clamp<sys_seconds>(floor<std::chrono::seconds>(now), kFirst, kLast);
  if (whole.time_since_epoch().count() == shown_) return {text_.data(), text_.size()};
  shown_ = whole.time_since_epoch().count();
  const auto day = floor<days>(whole);
  const year_month_day date(day);
  const hh_mm_ss time(whole - day);
  put_text(text_, 0, "Day, 00 Mon 0000 00:00:00 GMT");
  put_text(text_, 0, kDays.substr(std::size_t{weekday(day).c_encoding()} * 3, 3));
  put_number(text_, 5, 2, unsigned(date.day()));
  put_text(text_, 8, kMonths.substr((unsigned(date.month()) - 1) * std::size_t{3}, 3));
  put_number(text_, 12, 4, static_cast<unsigned>(int(date.year())));
  put_number(text_, 17, 2, static_cast<unsigned>(time.hours().count()));
  put_number(text_, 20, 2, static_cast<unsigned>(time.minutes().count()));
  put_number(text_, 23, 2, static_cast<unsigned>(time.seconds().count()));
  return {text_.data(), text_.size()};
}

}  // namespace carillon::http
