#include "channel/breaker.hpp"

#include <algorithm>
#include <functional>

namespace crier {

std::optional<Duration> Breaker::record(const Outcome& outcome, Time now) {
  if (outcome.kind != OutcomeKind::retry_later) {
    failures_ = answers_ = pauses_ = 0;
    return std::nullopt;
  }
  if (outcome.about_delivery) return record_answer(outcome, now);
  answers_ = 0;
  failures_ = outcome.reason == reason_ ? failures_ + 1 : 1;
  reason_ = outcome.reason;
  if (failures_ < tolerated && !outcome.blames_sender) return std::nullopt;
  failures_ = tolerated - 1;  // after the pause one more failure is enough
  return rest(now);
}

std::optional<Duration> Breaker::record_answer(const Outcome& outcome, Time now) {
  failures_ = 0;
  answers_ = outcome.reason == reason_ ? answers_ + 1 : 1;
  reason_ = outcome.reason;
  if (outcome.blames_sender) {
    if (answers_ < tolerated_blames) return std::nullopt;
    answers_ = tolerated_blames - 1;
    return rest(now);
  }
  pauses_ = 0;
  if (answers_ < tolerated_answers) return std::nullopt;
  answers_ = 0;
  paused_until_ = now + first_pause;
  return first_pause;
}

// Each twice as long as the one before it.
std::optional<Duration> Breaker::rest(Time now) {
  if (pause_left(now) > Duration::zero()) return std::nullopt;
  const Duration pause = first_pause * (1 << std::min(pauses_, most_doublings));
  ++pauses_;
  paused_until_ = now + pause;
  return pause;
}

Duration Breaker::pause_left(Time now) const {
  const auto left = paused_until_ - now;
  const bool is_pause = left > Duration::zero() && left <= first_pause * (1 << most_doublings);
  return is_pause ? left : Duration::zero();
}

Duration Breaker::wait_of(std::string_view who, Time now) const {
  constexpr Duration spread = std::chrono::minutes(5);
  const auto left = pause_left(now);
  if (left == Duration::zero() || !goes_on()) return left;
  return left + Duration(std::hash<std::string_view>{}(who) % spread.count());
}

}  // namespace crier
