#include "schedule/poll.hpp"

#include <algorithm>

#include "schedule/backoff.hpp"

namespace crier {
namespace {

constexpr Duration longest_failed_pinned_poll = std::chrono::minutes(15);

bool is_skipped(const FeedPace& pace, Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto hour = std::chrono::duration_cast<std::chrono::hours>(time - day).count();
  const auto weekday = std::chrono::weekday(day).c_encoding();
  return (pace.skipped_hours >> hour & 1U) != 0 || (pace.skipped_days >> weekday & 1U) != 0;
}

// The first moment from `time` on at which the feed does not rest; `time` itself when it always does.
Time after_rest(const FeedPace& pace, Time time) {
  constexpr int hours_of_a_week = 7 * 24;
  auto at = time;
  for (int i = 0; i <= hours_of_a_week; ++i) {
    if (!is_skipped(pace, at)) return at;
    at = std::chrono::floor<std::chrono::hours>(at) + std::chrono::hours(1);
  }
  return time;
}

Duration wait_after_failure(int failures, std::optional<Duration> every) {
  const auto most = every ? std::max(*every, longest_failed_pinned_poll) : longest_failed_poll;
  auto wait = every.value_or(shortest_poll);
  for (int i = 1; i < failures && wait < most; ++i) wait *= 2;
  return std::min(wait, most);
}

Duration adapted(Duration interval, PollResult result) {
  const auto next = result == PollResult::fresh ? interval / 2 : interval + interval / 2;
  return std::clamp(next, shortest_poll, longest_poll);
}

Duration asked_for(const PollAnswer& answer) {
  const auto most =
      std::max(answer.fresh_for.value_or(Duration::zero()), answer.pace.ttl.value_or(Duration::zero()));
  return std::min(most, longest_poll);
}

}  // namespace

NextPoll plan_poll(const PollState& state, const PollAnswer& answer, std::optional<Duration> every, Time now,
                   std::uint64_t seed) {
  NextPoll next{state, std::nullopt};
  if (answer.result == PollResult::ended) return next;
  if (answer.result == PollResult::failed) {
    next.state.failures = std::min(state.failures, 1'000'000) + 1;
    const auto wait = spread(wait_after_failure(next.state.failures, every), seed);
    const auto asked = std::min(answer.retry_after.value_or(Duration::zero()), longest_retry_after);
    next.at = now + std::max(wait, asked);
    return next;
  }
  next.state.failures = 0;
  next.state.interval = adapted(state.interval, answer.result);
  if (every) {
    next.at = now + spread(*every, seed);
    return next;
  }
  const auto asked = asked_for(answer);
  // Neither earlier than the publisher asks for nor more often than once a minute.
  const auto wait = std::max({spread(next.state.interval, seed), asked, shortest_poll});
  next.at = after_rest(answer.pace, now + wait);
  return next;
}

}  // namespace crier
