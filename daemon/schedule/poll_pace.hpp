// Poll pace: how long to wait before a feed is asked again. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"

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
};

/// What the publisher or the operator asks for.
struct PollWishes {
  std::optional<Duration> pinned;       ///< the operator's own interval: no other wish and no habit counts
  std::optional<Duration> fresh_for;    ///< Cache-Control: max-age
  std::optional<Duration> retry_after;  ///< not before; counts even when pinned
};

/// The pace after one more poll: twice as often after news, half as often again when there was none, between
/// a minute and six hours.
PollPace paced(PollPace pace, PollResult result);

/// The wait until the next poll. It doubles with each failure in a row, moves by up to ±10 % chosen by `seed`
/// unless it is pinned, and is never longer than a day or the pinned interval.
Duration poll_wait(const PollPace& pace, const PollWishes& wishes, std::uint64_t seed);

}  // namespace crier
