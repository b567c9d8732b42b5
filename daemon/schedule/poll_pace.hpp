// Poll pace: how long to wait before a feed is asked again. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "story/feed_hints.hpp"

namespace crier {

/// What asking a feed came to.
enum class PollResult {
  news,       ///< it had stories that were not known
  unchanged,  ///< it answered, with nothing new
  failed,
};

/// What is remembered of a feed between two polls.
struct PollPace {
  Duration interval = std::chrono::minutes(5);
  int failures = 0;  ///< in a row

  bool operator==(const PollPace&) const = default;
};

/// What the publisher or the operator asks for.
struct PollWishes {
  std::optional<Duration> pinned;       ///< the operator's own interval: no other wish and no habit counts
  std::optional<Duration> fresh_for;    ///< Cache-Control: max-age, less the Age
  std::optional<Duration> retry_after;  ///< not before; counts even when pinned, up to a day
  FeedHints hints{};                    ///< the feed's own words
};

/// The pace after one more poll: twice as often after news, half as often again when there was none, between
/// a minute and six hours.
PollPace paced(PollPace pace, PollResult result);

/// The wait from `now` until the next poll. It is the interval, moved by up to ±10 % chosen by `seed`, or
/// what the publisher asks for when that is longer (six hours of it count); never less than a minute, and
/// over when the feed's hours and days of rest are. A pinned interval stands as it is. Each failure in a row
/// doubles the wait, up to an hour, or to the interval when that is longer.
Duration poll_wait(const PollPace& pace, const PollWishes& wishes, Time now, std::uint64_t seed);

}  // namespace crier
