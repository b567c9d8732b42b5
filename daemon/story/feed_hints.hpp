// Feed hints: how often a feed asks to be read. Its own words for it: RSS `ttl`, `skipHours` and `skipDays`,
// and the Syndication module of RSS 1.0 (`sy:updatePeriod`, `sy:updateFrequency`).
// Filled by feed.cpp, obeyed by schedule/poll_pace.hpp; pure, any thread. The words are hostile: what cannot
// be read is as if it were not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

struct FeedHints {
  std::optional<Duration> ttl;      ///< not sooner than this after the last reading
  std::uint32_t skipped_hours = 0;  ///< of the day in UTC, a bit each: 0 is the hour after midnight
  std::uint32_t skipped_days = 0;   ///< of the week, a bit each: 0 is Sunday

  bool operator==(const FeedHints&) const = default;
};

/// What a feed says, as it is read.
class FeedHintWords {
 public:
  void take_ttl(std::string_view minutes);
  void take_skipped_hour(std::string_view hour);  ///< 0–23; 24 is taken as 0 (RSS 0.91)
  void take_skipped_day(std::string_view english_name);
  void take_update_period(std::string_view period);
  void take_update_frequency(std::string_view times);

  /// The longer of `ttl` and the update period counts.
  FeedHints hints() const;

 private:
  FeedHints said_;
  std::optional<Duration> period_;
  std::int64_t frequency_ = 1;
};

}  // namespace crier
