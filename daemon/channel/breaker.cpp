#include "channel/breaker.hpp"

#include <algorithm>

namespace crier {

std::optional<Duration> Breaker::record(const Outcome& outcome, Time now) {
  const bool is_outage = outcome.kind == OutcomeKind::retry_later && !outcome.about_delivery;
  if (!is_outage) {
    failures_ = 0;
    pauses_ = 0;
    return record_answer(outcome, now);
  }
  answers_ = 0;
  failures_ = outcome.reason == reason_ ? failures_ + 1 : 1;
  reason_ = outcome.reason;
  if (failures_ < tolerated && !outcome.blames_sender) return std::nullopt;
  if (pause_left(now) > Duration::zero()) return std::nullopt;
  const Duration pause = first_pause * (1 << std::min(pauses_, most_doublings));
  ++pauses_;
  failures_ = tolerated - 1;  // after the pause one more failure is enough
  paused_until_ = now + pause;
  return pause;
}

std::optional<Duration> Breaker::record_answer(const Outcome& outcome, Time now) {
  if (outcome.kind != OutcomeKind::retry_later) {
    answers_ = 0;
    return std::nullopt;
  }
  answers_ = outcome.reason == reason_ ? answers_ + 1 : 1;
  reason_ = outcome.reason;
  if (answers_ < tolerated_answers) return std::nullopt;
  answers_ = 0;
  paused_until_ = now + first_pause;
  return first_pause;
}

Duration Breaker::pause_left(Time now) const {
  const auto left = paused_until_ - now;
  const bool is_pause = left > Duration::zero() && left <= first_pause * (1 << most_doublings);
  return is_pause ? left : Duration::zero();
}

}  // namespace crier
