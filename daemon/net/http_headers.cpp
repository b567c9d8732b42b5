#include "net/http_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace crier {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT" → Sun 06 Nov 1994 08 49 37 GMT
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty() && out.size() < 9) {
    const auto start = text.find_first_not_of(" ,:-");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const auto end = std::min(text.find_first_of(" ,:-"), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::optional<Time> assemble(std::string_view year, std::string_view month, std::string_view day,
                             const std::string_view* clock) {
  const auto y = number(year);
  const auto named = std::ranges::find(months, month);
  const auto d = number(day);
  const auto hour = number(clock[0]);
  const auto minute = number(clock[1]);
  const auto second = number(clock[2]);
  if (!y || named == months.end() || !d || !hour || !minute || !second) return std::nullopt;
  // Two digits (RFC 850): RFC 9110 wants what is more than 50 years ahead read as past; a fixed pivot does it
  // for as long as anybody sends such dates.
  const int full_year = year.size() == 2 ? *y + (*y < 70 ? 2000 : 1900) : *y;
  const std::chrono::year_month_day date{
      std::chrono::year(full_year), std::chrono::month(static_cast<unsigned>(named - months.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*d))};
  if (full_year < 1000 || full_year > 9999 || !date.ok() || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

std::optional<Time> parse_http_date(std::string_view text) {
  const auto part = words(text);
  if (part.size() == 8 && part[7] == "GMT") return assemble(part[3], part[2], part[1], &part[4]);
  // asctime: "Sun Nov  6 08:49:37 1994"
  if (part.size() == 7) return assemble(part[6], part[1], part[2], &part[3]);
  return std::nullopt;
}

std::optional<Duration> parse_retry_after(std::string_view text, Time now, Duration most) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  if (std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    const auto seconds = number(text);
    if (!seconds) return most;  // more digits than an int holds
    return std::min<Duration>(std::chrono::seconds(*seconds), most);
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, Duration::zero(), most);
}

}  // namespace crier
