#include "story/feed_hints.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr std::array<std::string_view, 7> days{"sunday",   "monday", "tuesday", "wednesday",
                                               "thursday", "friday", "saturday"};

std::optional<std::int64_t> read_count(std::string_view text, std::int64_t most) {
  text = trim(text);
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

}  // namespace

void FeedHintWords::take_ttl(std::string_view minutes) {
  constexpr std::int64_t year = 366 * 24 * 60;
  if (const auto count = read_count(minutes, year); count && *count > 0)
    said_.ttl = std::chrono::minutes(*count);
}

void FeedHintWords::take_skipped_hour(std::string_view hour) {
  if (const auto count = read_count(hour, 24)) said_.skipped_hours |= 1U << (*count % 24);
}

void FeedHintWords::take_skipped_day(std::string_view english_name) {
  const auto found = std::ranges::find(days, ascii_lower(trim(english_name)));
  if (found != days.end()) said_.skipped_days |= 1U << (found - days.begin());
}

void FeedHintWords::take_update_period(std::string_view period) {
  using std::chrono::hours;
  static constexpr std::array<std::pair<std::string_view, hours>, 5> known{{{"hourly", hours(1)},
                                                                            {"daily", hours(24)},
                                                                            {"weekly", hours(24 * 7)},
                                                                            {"monthly", hours(24 * 30)},
                                                                            {"yearly", hours(24 * 365)}}};
  const auto word = ascii_lower(trim(period));
  for (const auto& [name, length] : known)
    if (name == word) period_ = length;
}

void FeedHintWords::take_update_frequency(std::string_view times) {
  if (const auto count = read_count(times, 1'000'000); count && *count > 0) frequency_ = *count;
}

FeedHints FeedHintWords::hints() const {
  auto hints = said_;
  if (period_) {
    const auto between = std::chrono::duration_cast<Duration>(*period_) / frequency_;
    hints.ttl = std::max(hints.ttl.value_or(Duration::zero()), between);
  }
  return hints;
}

}  // namespace crier
