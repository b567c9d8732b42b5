#include "base/time.hpp"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/chrono.h>
#include <fmt/core.h>

namespace crier {
namespace {

struct Parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

Parts split(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<std::chrono::milliseconds>(time - day)};
}

std::string format_rfc3339(Time time, bool with_ms) {
  const auto [date, clock] = split(time);
  auto out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                         clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (with_ms) out += fmt::format(".{:03}", clock.subseconds().count());
  return out + "Z";
}

// Takes exactly `digits` decimal digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::string to_rfc3339(Time time) {
  return format_rfc3339(time, time.time_since_epoch().count() % 1000 != 0);
}

std::string to_rfc3339_ms(Time time) {
  return format_rfc3339(time, true);
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second) return std::nullopt;
  int ms = 0;
  if (take(text, ".")) {
    int scale = 100;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      ms += (text.front() - '0') * scale;
      scale /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) return std::nullopt;
  }
  std::chrono::minutes offset{0};
  if (!take(text, "Zz")) {
    const bool negative = text.starts_with('-');
    if (!take(text, "+-")) return std::nullopt;
    const auto hours = take_digits(text, 2);
    if (!hours || !take(text, ":")) return std::nullopt;
    const auto minutes = take_digits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    if (negative) offset = -offset;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // 60 is a leap second (RFC 3339 §5.7); it counts as the second after.
  if (!text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + std::chrono::milliseconds(ms) - offset;
}

std::string to_rfc5322(Time time) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto [date, clock] = split(time);
  const std::chrono::weekday weekday{std::chrono::floor<std::chrono::days>(time)};
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", days[weekday.c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::uint64_t unit_ms = 0;
  if (text == "ms")
    unit_ms = 1;
  else if (text == "s")
    unit_ms = 1000;
  else if (text == "m")
    unit_ms = 60'000;
  else if (text == "h")
    unit_ms = 3'600'000;
  else if (text == "d")
    unit_ms = 86'400'000;
  else
    return std::nullopt;
  constexpr std::uint64_t century_ms = 100ULL * 366 * 86'400'000;
  if (*number > century_ms / unit_ms) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*number * unit_ms));
}

std::string to_string(Duration duration) {
  const auto ms = duration.count();
  if (ms == 0) return "0s";
  if (ms % 86'400'000 == 0) return fmt::format("{}d", ms / 86'400'000);
  if (ms % 3'600'000 == 0) return fmt::format("{}h", ms / 3'600'000);
  if (ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
  if (ms % 1000 == 0) return fmt::format("{}s", ms / 1000);
  return fmt::format("{}ms", ms);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::uint64_t unit = 0;
  if (text == "B")
    unit = 1;
  else if (text == "KB")
    unit = 1ULL << 10;
  else if (text == "MB")
    unit = 1ULL << 20;
  else if (text == "GB")
    unit = 1ULL << 30;
  else
    return std::nullopt;
  if (*number > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return *number * unit;
}

}  // namespace crier
