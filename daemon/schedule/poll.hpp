// Poll: when a feed is asked again. It learns how often a feed changes, obeys what its publisher asks for,
// and draws back from one that fails. Called by FeedIntake after each answer; pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "story/feed_pace.hpp"

namespace crier {

constexpr Duration shortest_poll = std::chrono::minutes(1);
constexpr Duration longest_poll = std::chrono::hours(6);
constexpr Duration first_poll_interval = std::chrono::minutes(10);
constexpr Duration longest_failed_poll = std::chrono::hours(1);
constexpr Duration longest_retry_after = std::chrono::hours(24);

enum class PollResult {
  fresh,      ///< it had stories that were not known
  unchanged,  ///< 304, or nothing new in it
  failed,
  ended,  ///< 410, or it says that nothing will follow: not asked again
};

/// What one answer says about the next.
struct PollAnswer {
  PollResult result = PollResult::unchanged;
  std::optional<Duration> retry_after;  ///< of a failed one: Retry-After
  std::optional<Duration> fresh_for;    ///< Cache-Control or Expires
  FeedPace pace;                        ///< what the feed said when it last said anything
};

/// What is kept about a feed from one answer to the next.
struct PollState {
  Duration interval = first_poll_interval;  ///< what its changes have taught
  int failures = 0;                         ///< in a row

  bool operator==(const PollState&) const = default;
};

struct NextPoll {
  PollState state;
  std::optional<Time> at;  ///< never again when absent
};

/// The interval is halved by fresh stories and half as long again without, from a minute to six hours, and
/// never shorter than the publisher asks for (of which six hours count at most); the feed's hours and days of
/// rest are kept. `every` is the operator's word in place of all that. Failures double the wait, up to an
/// hour; of a pinned feed up to a quarter of an hour, or its interval when that is longer; Retry-After counts
/// when it is longer still, up to a day. Moved by up to ±10 % chosen by `seed`, so that a crowd spreads.
NextPoll plan_poll(const PollState& state, const PollAnswer& answer, std::optional<Duration> every, Time now,
                   std::uint64_t seed);

}  // namespace crier
