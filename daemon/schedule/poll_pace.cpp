#include "schedule/poll_pace.hpp"

#include <algorithm>
#include <array>

#include "schedule/backoff.hpp"

namespace crier {
namespace {

constexpr Duration shortest = std::chrono::minutes(1);
constexpr Duration longest = std::chrono::hours(6);
constexpr Duration longest_failing = std::chrono::hours(1);
constexpr Duration day = std::chrono::hours(24);
constexpr int most_doublings = 5;

bool is_rest(const FeedHints& hints, Time time) {
  const auto today = std::chrono::floor<std::chrono::days>(time);
  const auto hour = std::chrono::floor<std::chrono::hours>(time - today).count();
  const auto weekday = std::chrono::weekday(today).c_encoding();
  return (hints.skipped_hours >> hour & 1U) != 0 || (hints.skipped_days >> weekday & 1U) != 0;
}

// The first moment from `time` on at which the feed does not rest; `time` itself when it always does.
Time after_rest(const FeedHints& hints, Time time) {
  constexpr int hours_of_a_week = 7 * 24;
  auto at = time;
  for (int i = 0; i <= hours_of_a_week; ++i) {
    if (!is_rest(hints, at)) return at;
    at = std::chrono::floor<std::chrono::hours>(at) + std::chrono::hours(1);
  }
  return time;
}

// The wait that failures have made of the usual one.
Duration doubled(Duration usual, int failures) {
  return std::min(usual * (1 << std::min(failures, most_doublings)), std::max(usual, longest_failing));
}

Duration publishers_wish(const PollWishes& wishes) {
  return std::max(wishes.fresh_for.value_or(Duration::zero()), wishes.hints.ttl.value_or(Duration::zero()));
}

}  // namespace

PollPace paced(PollPace pace, PollResult result) {
  if (result == PollResult::failed) return {pace.interval, std::min(pace.failures, 1'000'000) + 1};
  const auto interval = result == PollResult::news ? pace.interval / 2 : pace.interval * 3 / 2;
  return {std::clamp(interval, shortest, longest), 0};
}

Duration poll_wait(const PollPace& pace, const PollWishes& wishes, Time now, std::uint64_t seed) {
  auto wait = doubled(wishes.pinned.value_or(pace.interval), pace.failures);
  if (!wishes.pinned) {
    wait = backoff(std::array{wait}, 1, std::nullopt, seed);
    wait = std::clamp(std::max(wait, publishers_wish(wishes)), shortest, longest);
    wait = after_rest(wishes.hints, now + wait) - now;
  }
  return std::max(wait, std::min(wishes.retry_after.value_or(Duration::zero()), day));
}

}  // namespace crier
