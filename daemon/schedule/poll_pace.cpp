#include "schedule/poll_pace.hpp"

#include <algorithm>
#include <array>

#include "schedule/backoff.hpp"

namespace crier {
namespace {

constexpr Duration shortest = std::chrono::minutes(1);
constexpr Duration longest = std::chrono::hours(6);
constexpr Duration day = std::chrono::hours(24);
constexpr int most_doublings = 5;

}  // namespace

PollPace paced(PollPace pace, PollResult result) {
  if (result == PollResult::failed) return {pace.interval, pace.failures + 1};
  const auto interval = result == PollResult::news ? pace.interval / 2 : pace.interval * 3 / 2;
  return {std::clamp(interval, shortest, longest), 0};
}

Duration poll_wait(const PollPace& pace, const PollWishes& wishes, std::uint64_t seed) {
  auto wait = pace.interval;
  if (wishes.fresh_for) wait = std::max(wait, std::min(*wishes.fresh_for, longest));
  if (wishes.pinned) wait = *wishes.pinned;
  const Duration most = wishes.pinned ? std::max(*wishes.pinned, longest) : longest;
  wait = std::min(wait * (1 << std::min(pace.failures, most_doublings)), most);
  if (!wishes.pinned) wait = backoff(std::array{wait}, 1, std::nullopt, seed);
  if (wishes.retry_after) wait = std::max(wait, *wishes.retry_after);
  return std::min(wait, std::max(day, wishes.pinned.value_or(day)));
}

}  // namespace crier
