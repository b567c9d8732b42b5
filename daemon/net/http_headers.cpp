#include "net/http_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string_view without_spaces(std::string_view text) {
  const auto start = std::min(text.find_first_not_of(" \t"), text.size());
  const auto end = text.find_last_not_of(" \t");
  return text.substr(start, end == std::string_view::npos ? 0 : end + 1 - start);
}

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

namespace {

std::optional<Duration> parse_max_age(std::string_view cache_control) {
  std::optional<Duration> age;
  constexpr std::int64_t year = 31'536'000;
  while (!cache_control.empty()) {
    const auto end = std::min(cache_control.find(','), cache_control.size());
    const auto directive = to_lower_ascii(without_spaces(cache_control.substr(0, end)));
    cache_control.remove_prefix(std::min(end + 1, cache_control.size()));
    if (directive == "no-store" || directive == "no-cache") return std::nullopt;
    constexpr std::string_view name = "max-age=";
    if (!directive.starts_with(name)) continue;
    std::int64_t seconds = 0;
    const auto* last = directive.data() + directive.size();
    const auto [stop, error] = std::from_chars(directive.data() + name.size(), last, seconds);
    const bool is_number =
        stop == last && seconds >= 0 && (error == std::errc{} || error == std::errc::result_out_of_range);
    if (!is_number) continue;
    age = std::chrono::seconds(error == std::errc{} ? std::min(seconds, year) : year);
  }
  return age;
}

}  // namespace

std::optional<Duration> parse_freshness(std::string_view cache_control, std::string_view age) {
  const auto max_age = parse_max_age(cache_control);
  if (!max_age) return std::nullopt;
  const auto spent = number(without_spaces(age)).value_or(0);
  return std::max<Duration>(*max_age - std::chrono::seconds(spent), Duration::zero());
}

std::string_view usable_validator(std::string_view value) {
  constexpr std::size_t longest = 1024;
  const bool is_plain = std::ranges::all_of(
      value, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); });
  return is_plain && value.size() <= longest ? value : std::string_view();
}

}  // namespace crier
