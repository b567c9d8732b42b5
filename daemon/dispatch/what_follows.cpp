#include "dispatch/what_follows.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "schedule/backoff.hpp"

namespace crier {

Settled what_follows(const Outcome& outcome, const Claim& claim, const Delivery& delivery,
                     const RetryPolicy& policy, Time now) {
  Settled settled{.delivery = delivery,
                  .channel = claim.channel,
                  .lane = claim.lane,
                  .settlement = Settlement::retry,
                  .attempts = delivery.attempts + 1,
                  .due_at = now,
                  .reason = outcome.reason,
                  .reply = outcome.reply};
  if (outcome.kind == OutcomeKind::delivered) {
    settled.settlement = Settlement::delivered;
    return settled;
  }
  const bool may_not_repeat = outcome.kind == OutcomeKind::ambiguous && !policy.recognises_repeats;
  if (may_not_repeat) settled.reason = ambiguous;
  if (may_not_repeat || outcome.kind == OutcomeKind::refused) {
    settled.settlement = Settlement::failed;
    return settled;
  }
  const auto wait = backoff(policy.steps, settled.attempts, outcome.retry_after, delivery.number);
  return wait_until(std::move(settled), now + wait, outcome.reason, claim.expires_at);
}

std::string expiry_reason(std::string_view waited_for) {
  return waited_for.empty() ? "expired" : fmt::format("expired: {}", waited_for);
}

Settled wait_until(Settled settled, Time until, std::string_view reason, Time expires_at) {
  settled.settlement = Settlement::retry;
  settled.due_at = until;
  settled.reason = reason;
  if (until >= expires_at) {
    settled.settlement = Settlement::failed;
    settled.reason = expiry_reason(reason);
  }
  return settled;
}

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
